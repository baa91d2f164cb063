import { cpuOf, Role } from './role.ts';
import type { BenchRow } from './row.ts';
import type { Answer } from './rpc-roles.ts';
import { median } from './scale.ts';

const ROUNDS = 7;
const FLOWS = 200_000;
/** grpc-js is slow: fewer flows take as long. */
const FLOWS_BY_MESSAGE = 40_000;
const NODES = 12;

/** Flows per CPU-second sent, received and relayed, every way in turn; each process measures only itself. */
export async function run(report: (row: BenchRow) => void): Promise<void> {
  const roles = { packing: new Role(), single: new Role(), nodes: new Role(), relay: new Role(), client: new Role() };
  try {
    const packing = await roles.packing.ask({ do: 'serve', how: 'batched', peers: 1 });
    const single = await roles.single.ask({ do: 'serve', how: 'message', peers: 1 });
    const nodes = await roles.nodes.ask({ do: 'serve', how: 'batched', peers: NODES });
    const relay = await roles.relay.ask({ do: 'relay', peers: nodes.addresses ?? [] });
    const [packingAt = '', singleAt = '', relayAt = ''] = [packing.addresses?.[0], single.addresses?.[0], relay.addresses?.[0]];
    const receive = (how: 'session' | 'http2' | 'grpc-js' | 'fold', address: string, flows: number): Promise<Answer> =>
      roles.client.ask({ do: 'receive', how, address, flows });

    // flows per CPU-second of each way, one figure a round
    const rates: Record<string, number[]> = {};
    const note = (name: string, flows: number, cpuMs: number): void => { (rates[name] ??= []).push((flows / cpuMs) * 1000); };
    for (let round = -1; round < ROUNDS; round++) {
      const yardstick = await receive('http2', packingAt, FLOWS);
      const session = await cpuOf(roles.packing, () => receive('session', packingAt, FLOWS));
      const folded = await receive('fold', packingAt, FLOWS);
      const byMessage = await cpuOf(roles.single, () => receive('session', singleAt, FLOWS_BY_MESSAGE));
      const grpcClient = await receive('grpc-js', packingAt, FLOWS_BY_MESSAGE);
      const relayed = await cpuOf(roles.relay, () => receive('session', relayAt, Math.floor(FLOWS / NODES / 50) * 50));
      // the first round warms up
      if (round < 0) continue;
      note('yardstick', FLOWS, yardstick.cpuMs);
      note('received', FLOWS, session.answer.cpuMs);
      note('folded', folded.flows ?? 0, folded.cpuMs);
      note('sent', FLOWS, session.cpuMs);
      note('sent by call.write', FLOWS_BY_MESSAGE, byMessage.cpuMs);
      note('received by grpc-js', FLOWS_BY_MESSAGE, grpcClient.cpuMs);
      note('relayed', relayed.answer.flows ?? 0, relayed.cpuMs);
    }
    const unit = 'flows/CPU-s';
    const bytes = `${Math.round(packing.flowBytes ?? 0)}-byte flows, median of ${ROUNDS} rounds`;
    const ratio = (one: string, other: string): number => median((rates[one] ?? []).map((rate, round) => rate / (rates[other]?.[round] ?? Infinity)));
    report({ name: 'yardstick: node:http2 client that drops the bytes', value: median(rates['yardstick'] ?? []), unit, note: bytes });
    report({ name: 'received by FlowsSession, whole frames', value: median(rates['received'] ?? []), unit });
    report({ name: 'received / yardstick', value: ratio('received', 'yardstick'), unit: 'ratio' });
    report({ name: 'received and folded into a dashboard', value: median(rates['folded'] ?? []), unit });
    report({ name: 'folded / yardstick', value: ratio('folded', 'yardstick'), unit: 'ratio' });
    report({ name: 'received by grpc-js from the same server', value: median(rates['received by grpc-js'] ?? []), unit });
    report({ name: 'sent in batches of 50', value: median(rates['sent'] ?? []), unit });
    report({ name: 'sent / yardstick', value: ratio('sent', 'yardstick'), unit: 'ratio' });
    report({ name: 'sent by call.write', value: median(rates['sent by call.write'] ?? []), unit });
    report({ name: 'sent in batches / sent by call.write', value: ratio('sent', 'sent by call.write'), unit: 'ratio' });
    report({ name: `relayed from ${NODES} nodes in order of time`, value: median(rates['relayed'] ?? []), unit });
    report({ name: 'relayed / yardstick', value: ratio('relayed', 'yardstick'), unit: 'ratio' });
  } finally {
    for (const role of Object.values(roles)) role.stop();
  }
}
