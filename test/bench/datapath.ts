// What a packet costs at a pod's device, without policies and with few, many and very many entries in the
// pod's policy map (BPF_PROG_TEST_RUN). Needs root and BTF.
import { PolicyTable } from '../../agent/kernel/policy-table.ts';
import { runOnPacket } from '../../agent/kernel/test-run.ts';
import { client, ethernet, ipv4, server, tcp } from '../bpf/packets.ts';
import { cannotTest, compileObject, Programs } from '../bpf/programs.ts';
import { seededRandom } from '../src/seeded-random.ts';
import { decision, direction, drawEntries, enforce } from './drawn-policies.ts';
import { emptyConntrack, timePair } from './program-time.ts';
import type { BenchRow } from './row.ts';

const allowedPort = 80;
const deniedPort = 81;
const hooks = {
  from: { direction: direction.egress, subject: 1001, peer: 1002, port: allowedPort },
  to: { direction: direction.ingress, subject: 1002, peer: 1001, port: allowedPort },
} as const;
type Hook = keyof typeof hooks;
const entryCounts = [0, 10, 1000, 10_000];
const device = 1; // the loopback device, which a test run has for its own
const [next, shot] = [-1, 2];
const verdictEvent = 5; // HT_EVENT_VERDICT
const tcpProtocol = 6;
const ipv4Type = 0x0800;

type Kind = 'established' | 'new' | 'denied';
const establishedRuns = 100_000;
/** Each from another port of the same address, and there are 65,536. */
const openingRuns = 30_000;
const aimNs: Record<Kind, number> = { established: 100, new: 1000, denied: 1000 };

/** Every kind of packet at both hooks, by the number of entries. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  if (cannotTest !== '') return;
  const programs = new Programs({ maxEntries: { ht_conntrack: 262_144, ht_urgent: 16 << 20 } }, compileObject('test/bench/kernel.bpf.c'));
  try {
    programs.setAddress(client.ipv4, 11, hooks.from.subject);
    programs.setAddress(server.ipv4, 12, hooks.to.subject);
    const table = new PolicyTable({ policies: programs.object.map('ht_policies'), networks: programs.object.map('ht_networks') });
    for (const [at, entries] of entryCounts.entries()) {
      const random = seededRandom(at + 1);
      const refused = table.setEndpoints(new Map(entries === 0 ? [] : Object.values(hooks).map((hook) => [hook.subject, drawEntries(entries, hook, random)])));
      if (refused.length > 0) throw new Error(`the policy maps were refused: ${JSON.stringify(refused)}`);
      programs.configure({ epoch: at + 2, mode: entries === 0 ? 0 : enforce });
      for (const hook of ['from', 'to'] as const) {
        for (const kind of ['established', 'new', 'denied'] as const) {
          if (kind !== 'denied' || entries > 0) report(timeKind(programs, { kind, hook, entries }));
        }
      }
    }
    table.setEndpoints(new Map());
    report(timeInsert(programs));
  } finally {
    programs.close();
  }
}

function timeKind(programs: Programs, { kind, hook, entries }: { kind: Kind; hook: Hook; entries: number }): BenchRow {
  const isEstablished = kind === 'established';
  const packet = ethernet(ipv4Type, ipv4(tcpProtocol, isEstablished ? tcp(40_000, allowedPort, '.', 100) : tcp(40_000, kind === 'new' ? allowedPort : deniedPort, 'S')));
  const program = isEstablished ? `ht_${hook}_endpoint` : `ht_bench_${hook}_port`;
  programs.setDevice(device, 11, { labels: hooks[hook].subject });
  emptyConntrack(programs);
  checkOnce(programs, { kind, program, packet, hasPolicies: entries > 0 });
  const { medianNs, note } = timePair(programs, {
    baseline: isEstablished ? 'ht_bench_nothing' : 'ht_bench_port', program, packet, runs: isEstablished ? establishedRuns : openingRuns, isSwept: !isEstablished,
  });
  const policies = entries === 0 ? 'no policies' : `${entries} entries`;
  return { name: `datapath ${kind}, ${hook}-endpoint, ${policies}`, value: medianNs, unit: 'ns', note: `net of ${isEstablished ? 'an empty program' : 'a program that only changes the port'}; ${note}, aim at most ${aimNs[kind]}` };
}

/** What part of a new connection is the kernel's own. */
function timeInsert(programs: Programs): BenchRow {
  const packet = ethernet(ipv4Type, ipv4(tcpProtocol, tcp(40_000, allowedPort, 'S')));
  const { medianNs, note } = timePair(programs, { baseline: 'ht_bench_port', program: 'ht_bench_insert', packet, runs: openingRuns, isSwept: true });
  return { name: 'datapath, of a new connection: a place in the conntrack map', value: medianNs, unit: 'ns', note: `an LRU hash of 262144, nothing else; ${note}` };
}

/** A figure about something else than its name says would be worse than none. */
function checkOnce(programs: Programs, { kind, program, packet, hasPolicies }: { kind: Kind; program: string; packet: Uint8Array; hasPolicies: boolean }): void {
  programs.discardEvents();
  const { returned } = runOnPacket(programs.object, program, packet);
  const verdict = programs.events().find(({ type }) => type === verdictEvent);
  const isAsked = verdict?.policy === (hasPolicies ? decision : undefined);
  if (returned !== (kind === 'denied' ? shot : next) || !isAsked) throw new Error(`${program} on a packet that is ${kind}: returned ${returned}, verdict event ${JSON.stringify(verdict)}`);
}
