import { randomUUID } from 'node:crypto';
import { HUBTOP_VERSION } from '../../src/lib/version.ts';
import { timestampNs } from '../../src/wire/timestamp.ts';
import type { Demo, StartRelay } from './demo.ts';
import { RecordedAgent } from './recorded-agent.ts';
import { incidentSecond, type Story } from './story/story.ts';
import { type PlayedFlow, type PlayedNode, StoryPlayer } from './story/story-player.ts';

/** How a story is played. */
export interface ScenarioOptions {
  story: Story;
  /** The same traffic for the same number. */
  seed?: number;
  /** Flows a second of the healthy cluster. */
  rate?: number;
  /** Where the relay listens. */
  listen?: readonly string[];
  /** Seconds from the start to the incident. */
  leadSeconds?: number;
}

/** Three times what a recording has: a screen shall move. */
const defaultRate = 45;
/** What the rows of healthy traffic add up to. */
const recordedRate = 15;
/** Time to look around before it happens; what came before is in the agents' histories. */
const defaultLeadSeconds = 15;
const tickMs = 50;
const nsPerSecond = 1_000_000_000n;
const wallNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/**
 * Plays a story live: an agent for each of its nodes, a real relay, gRPC on loopback between them. The minutes before are in the
 * histories with their times; telemetry begins now, for nobody counted the past. It goes on until it is closed.
 */
export async function startScenario(options: ScenarioOptions, startRelay: StartRelay): Promise<Demo> {
  const { story, seed = 1, rate = defaultRate, listen = ['127.0.0.1:0'], leadSeconds = defaultLeadSeconds } = options;
  const startNs = wallNs() - BigInt(incidentSecond - leadSeconds) * nsPerSecond;
  const player = new StoryPlayer(story, { seed, startNs, bootId: randomUUID(), version: HUBTOP_VERSION, scale: rate / recordedRate });
  const agents = new Map(player.cluster.nodes.map(({ name }) => [name, new RecordedAgent(name, startNs)]));
  const stage = new Stage(player, agents, startNs);
  await stage.catchUp();
  const timer = setInterval(() => { stage.turn(wallNs()); }, tickMs);
  const closeAgents = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all([...agents.values()].map((agent) => agent.close()));
  };
  try {
    const peers = await Promise.all([...agents].map(async ([name, agent]) => `${name}=${await agent.start(wallNs)}`));
    const relay = await startRelay({ peers, listen: [...listen] });
    return {
      address: relay.addresses[0] ?? '',
      close: async () => {
        await relay.close();
        await closeAgents();
      },
    };
  } catch (error) {
    await closeAgents();
    throw error;
  }
}

/** Gives the agents what happened until now, and their reports when a second is over. */
class Stage {
  private playedNs: bigint;
  private playing: PlayedNode[] = [];
  private readonly waiting = new Map<string, PlayedFlow[]>();

  constructor(private readonly player: StoryPlayer, private readonly agents: ReadonlyMap<string, RecordedAgent>, startNs: bigint) {
    this.playedNs = startNs;
  }

  /** Tells the past; others on this thread have their turns between its seconds. */
  async catchUp(): Promise<void> {
    for (; this.playedNs <= wallNs(); this.nextSecond()) await new Promise((resolve) => { setImmediate(resolve); });
    this.turn(wallNs());
  }

  turn(nowNs: bigint): void {
    while (this.playedNs <= nowNs) this.nextSecond();
    for (const [name, agent] of this.agents) {
      const waiting = this.waiting.get(name) ?? [];
      const due = waiting.findIndex(({ response }) => timestampNs(response.time) > nowNs);
      agent.feed(due < 0 ? waiting.splice(0) : waiting.splice(0, due), nowNs);
    }
  }

  /** A second is over when the next begins; its flows have all been due by then. */
  private nextSecond(): void {
    for (const { name, report } of this.playing) {
      const agent = this.agents.get(name);
      agent?.feed(this.waiting.get(name)?.splice(0) ?? [], this.playedNs);
      agent?.publish(report);
    }
    this.playing = this.player.next();
    this.playedNs += nsPerSecond;
    for (const { name, flows } of this.playing) this.waiting.set(name, flows);
  }
}
