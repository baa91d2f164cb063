import { figures } from '../model/figures.ts';
import type { NodeField } from '../model/node-history.ts';
import { canFill, fillOf, type Gauge, type NodeState } from '../model/node-state.ts';
import type { State } from '../model/state.ts';
import type { Role } from '../theme/theme.ts';
import { gauge } from '../screen/chart.ts';
import { count, grouped, percent } from '../screen/format.ts';
import { left, line, right, type Line, type Piece, type Size } from '../screen/line.ts';
import { gaugeWords } from './gauge-words.ts';
import { rule } from './rule.ts';

const KERNEL = 'kernel conntrack';

interface Pressure {
  label: string;
  node: string;
  fill: number;
  detail: string;
}

/** LOST AND PRESSURE: what nobody saw, and what is about to be full: the fullest of each kind over all nodes. */
export function pressureSection(state: State, size: Size): Line[] {
  const { cols } = size;
  const { seen, ledger } = figures(state);
  // where every row counts, late flows share the line of the lost ones
  const isTight = size.rows <= 3;
  const late = lateText(state);
  const lines = [lostLine(state, cols, isTight ? late : ''), ...(isTight ? [] : relayLines(late, cols)), ...pressures(state, cols).map((pressure) => pressureLine(pressure, cols))];
  return [rule(cols, 'LOST, PRESSURE', `the fullest of all nodes${state.pausedAtMs > 0 ? ' then' : ''}`, seen === undefined ? '' : `seen ${ledger.isPartial ? '≤' : ''}${percent(seen)}`), ...lines.slice(0, size.rows - 1)];
}

function lostLine(state: State, cols: number, late: string): Line {
  const also: Piece = [late === '' ? '' : `   ${late}`, 'warn'];
  const { ledger, ledgerSeconds } = figures(state);
  if (ledgerSeconds === 0) return line(cols, [['   no ledger yet', 'dim']]);
  const losses = [...ledger.losses].filter(([, events]) => events >= 0.5).sort((one, other) => other[1] - one[1]);
  const suppressed = losses.filter(([key]) => key.includes(' suppressed'));
  const real = losses.filter(([key]) => !key.includes(' suppressed'));
  if (real.length === 0) {
    const words = lossless(state, ledger.happened);
    const quiet = suppressed.reduce((sum, [, events]) => sum + events, 0);
    return line(cols, [' ', [left('lost events', labelWidth(cols)), 'text'], [words, 'good'], also, [quiet > 0 ? `   ${grouped(quiet)} noise suppressed` : '', 'dim']]);
  }
  const total = real.reduce((sum, [, events]) => sum + events, 0);
  const where = real.slice(0, cols >= 110 ? 3 : 1).map(([key, events]) => `${key} ${grouped(events)}`).join('   ');
  return line(cols, [' ', [left('lost events', labelWidth(cols)), 'text'], [right(`${count(total / ledgerSeconds)}/s`, 8), 'bad'], '  ', [where, 'warn'], also, [real.length > 3 ? `   ${real.length} places` : '', 'dim']]);
}

// a stock Hubble tells losses, but a ledger it keeps none: what happened is its agents' own count of flows
function lossless(state: State, happened: number): string {
  if (state.telemetry !== 'absent') return happened > 0 ? `nothing lost of ${grouped(happened)} events` : 'nothing lost';
  return happened > 0 ? `no loss told, of about ${grouped(Math.round(happened))} flows` : 'no loss reported; this server keeps no ledger';
}

// shown only where a relay has something to say: most rows of this section are for what fills up
function relayLines(late: string, cols: number): Line[] {
  if (late === '') return [];
  return [line(cols, [' ', left('relay order', labelWidth(cols)), [late, 'warn'], [cols >= 110 ? '   passed on after younger ones' : '', 'dim']])];
}

function lateText(state: State): string {
  return [...state.relays].filter(([, relay]) => relay.late > 0 || relay.malformed > 0).map(([name, { flows, late, malformed }]) => {
    const parts = [late > 0 ? `${grouped(late)} late` : '', malformed > 0 ? `${grouped(malformed)} malformed` : ''].filter((part) => part !== '');
    return `${name === '' ? 'relay' : name}: ${parts.join(', ')} of ${grouped(flows)} flows`;
  }).join('   ');
}

function labelWidth(cols: number): number {
  return cols >= 110 ? 18 : 16;
}

/** What is remembered of a node's tables, by what they are called here. */
const REMEMBERED: readonly (readonly [label: string, field: NodeField])[] = [['conntrack', 'conntrack'], [KERNEL, 'kernelConntrack'], ['bpf map', 'map'], ['event ring', 'ring']];

// of a moment of the past only shares are known
function pastPressures(state: State): Pressure[] {
  return REMEMBERED.flatMap(([label, field]) => {
    const fills = [...state.nodes.values()].map((node) => ({ label, node: node.name, fill: node.history?.at(state.pausedAtMs, field) ?? -1, detail: '' }));
    const fullestThen = fills.reduce<Pressure | undefined>((best, one) => (one.fill > (best?.fill ?? -1) ? one : best), undefined);
    return fullestThen === undefined || fullestThen.fill < 0 ? [] : [fullestThen];
  });
}

function pressures(state: State, cols: number): Pressure[] {
  if (state.pausedAtMs > 0) return pastPressures(state);
  const isShort = cols < 110;
  const nodes = [...state.nodes.values()];
  const list = [
    fullest(state, { label: 'conntrack', isShort }, (node) => node.conntrack),
    fullest(state, { label: KERNEL, isShort }, (node) => node.kernelConntrack),
    fullestMap(state, isShort),
    fullestRing(nodes),
  ];
  return list.filter((pressure) => pressure !== undefined);
}

function fullest(state: State, { label, isShort }: { label: string; isShort: boolean }, pick: (node: NodeState) => Gauge | undefined): Pressure | undefined {
  let best: { node: NodeState; gauge: Gauge } | undefined;
  for (const node of state.nodes.values()) {
    const candidate = pick(node);
    if (candidate !== undefined && (best === undefined || fillOf(candidate) > fillOf(best.gauge))) best = { node, gauge: candidate };
  }
  return best === undefined ? undefined : { label, node: best.node.name, fill: fillOf(best.gauge), detail: gaugeWords(best.gauge, { nowMs: state.nowMs, gone: label === KERNEL ? 'refused' : 'pushed out', isShort }) };
}

function fullestMap(state: State, isShort: boolean): Pressure | undefined {
  const pick = (node: NodeState): Gauge | undefined => node.maps.reduce<Gauge | undefined>(
    (best, map) => (map !== node.conntrack && canFill(map) && (best === undefined || fillOf(map) > fillOf(best)) ? map : best), undefined);
  const found = fullest(state, { label: 'bpf map', isShort }, pick);
  const node = found === undefined ? undefined : state.nodes.get(found.node);
  return found === undefined || node === undefined ? undefined : { ...found, detail: `${pick(node)?.name ?? ''} ${found.detail}` };
}

function fullestRing(nodes: readonly NodeState[]): Pressure | undefined {
  const best = nodes.reduce<NodeState | undefined>((top, node) => (node.ringFill > (top?.ringFill ?? -1) ? node : top), undefined);
  return best === undefined || best.ringFill < 0 ? undefined : { label: 'event ring', node: best.name, fill: best.ringFill, detail: 'highest fill of the last second' };
}

function pressureLine(pressure: Pressure, cols: number): Line {
  const width = cols >= 110 ? 32 : 16;
  const role: Role = pressure.fill >= 0.95 ? 'bad' : pressure.fill >= 0.8 ? 'warn' : 'chart';
  const { filled, rest } = gauge(pressure.fill, width);
  const pieces: Piece[] = [' ', left(pressure.label, labelWidth(cols)), [left(pressure.node, cols >= 110 ? 14 : 10), 'dim'], ' ', [filled, role], [rest, 'dim'], [right(percent(pressure.fill), 7), role === 'chart' ? 'text' : role], '  ', [pressure.detail, 'dim']];
  return line(cols, pieces);
}
