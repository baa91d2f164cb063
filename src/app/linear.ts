import { findings } from '../detect/findings.ts';
import type { ChangeEntry } from '../model/change-log.ts';
import { figures, rate } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import type { State } from '../model/state.ts';
import { sleep } from '../rpc/sleep.ts';
import { clock, count, percent } from '../screen/format.ts';
import { Session, type DashboardSource } from './session.ts';
import { changeSentence, findingSentence, spoken } from './spoken.ts';

/** How often it is looked whether there is something to say. */
const LOOK_MS = 1_000;
/** Sentences said in one look; what is more is said as a number, so that a storm does not talk for minutes. */
const MAX_SENTENCES = 6;
/** How long a problem must be gone to be over. */
const GONE_MS = 15_000;
/** Silence after which it is said how things stand. */
const QUIET_MS = 60_000;
const RANK: Readonly<Record<Finding['severity'], number>> = { note: 0, warn: 1, crit: 2 };

interface Said {
  finding: Finding;
  seenMs: number;
}

/** What has been said of a state, and what there is to say now. Pure but for its memory. */
export class Teller {
  private readonly said = new Map<string, Said>();
  private changes: ReadonlySet<ChangeEntry> = new Set();
  private connection = '';
  private lastSaidMs = 0;

  /** Sentences that are new at the state's time, each with the time it is said. */
  tell(state: State): string[] {
    const sentences = [...this.connectionSentences(state), ...this.changeSentences(state), ...this.findingSentences(state)];
    if (sentences.length === 0 && state.connection.state === 'live' && state.nowMs - this.lastSaidMs >= QUIET_MS) sentences.push(standing(state));
    if (sentences.length > 0) this.lastSaidMs = state.nowMs;
    const more = sentences.length - MAX_SENTENCES;
    const told = more > 0 ? [...sentences.slice(0, MAX_SENTENCES), `and ${more} more`] : sentences;
    return told.map((sentence) => `${clock(state.nowMs)}Z ${sentence}`);
  }

  private connectionSentences(state: State): string[] {
    const { connection, server } = state;
    if (connection.state === this.connection) return [];
    const before = this.connection;
    this.connection = connection.state;
    switch (connection.state) {
      case 'live': return [`${before === 'lost' ? 'connected again' : 'connected'} to ${server}`];
      case 'lost': return [`connection lost${connection.error === '' ? '' : `, ${spoken(connection.error)}`}, trying again`];
      case 'connecting': return before === '' ? [`connecting to ${server}`] : [];
    }
  }

  private changeSentences(state: State): string[] {
    const all = state.changes.between(state.startedMs, state.nowMs + 1);
    const fresh = all.filter((entry) => !this.changes.has(entry));
    // what the log forgot will not come again
    this.changes = new Set(all);
    return fresh.map(changeSentence);
  }

  private findingSentences(state: State): string[] {
    const sentences: string[] = [];
    for (const finding of findings(state)) {
      const before = this.said.get(finding.key);
      if (before === undefined || RANK[finding.severity] > RANK[before.finding.severity]) sentences.push(findingSentence(finding, state.startedMs));
      this.said.set(finding.key, { finding, seenMs: state.nowMs });
    }
    for (const [key, { finding, seenMs }] of this.said) {
      if (state.nowMs - seenMs < GONE_MS) continue;
      this.said.delete(key);
      sentences.push(`OVER ${spoken(`${finding.word.toLowerCase()} ${finding.subject}`)}`);
    }
    return sentences;
  }
}

function standing(state: State): string {
  const now = figures(state);
  const open = findings(state).length;
  return spoken(`${open === 0 ? 'nothing is wrong' : `${open} problem${open === 1 ? '' : 's'} open`}, ${now.isLowerBound ? 'at least ' : ''}${count(rate(now.now.flows, now.now))} flows per second, ${now.seen === undefined ? 'nobody knows how much was seen' : `seen ${percent(now.seen)}`}`);
}

/** How to say what happens. */
export interface LinearOptions {
  client: DashboardSource;
  write(text: string): void | Promise<void>;
  signal: AbortSignal;
}

/** Says what happens, sentence below sentence, for a screen reader or a log: nothing is drawn, nothing moves. Runs until the signal. */
export async function runLinear({ client, write, signal }: LinearOptions): Promise<number> {
  const session = new Session(client, { view: 'overview', now: Date.now });
  const teller = new Teller();
  try {
    for (;;) {
      if (signal.aborted) return 0;
      session.tick();
      const told = teller.tell(session.state);
      if (told.length > 0) await write(`${told.join('\n')}\n`);
      await sleep(LOOK_MS, signal);
    }
  } finally {
    session.close();
  }
}
