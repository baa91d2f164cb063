import { describe, expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import type { Action } from '../../../src/model/messages.ts';
import { mermaidOf, namespaceMatrix, serviceMap } from '../../../src/model/service-map.ts';
import type { State } from '../../../src/model/state.ts';
import { lineText } from '../../../src/screen/line.ts';
import { frame } from '../../../src/views/frame.ts';
import { mapEdges } from '../../../src/views/map-lists.ts';
import { endpoint, flowOf, framed, joined, type FakeTalk } from '../app/fake-cluster.ts';
import { busyScene, emptyScene, hostileScene, START_MS } from './scenes.ts';

const talk = (from: string, to: string, more: Partial<FakeTalk> = {}): FakeTalk => ({ from, to, port: 8080, protocol: 6, perSecond: 1, bytes: 0, ...more });

/** A stock relay's dashboard after 20 seconds of these talks, one flow a second and one answer each. */
function sceneOf(talks: readonly FakeTalk[], seconds = 20): State {
  const state = emptyScene();
  state.view = 'map';
  update(state, { type: 'telemetry-absent' });
  update(state, { type: 'connection', state: 'live' });
  update(state, { type: 'flows-state', isOpen: true });
  for (let second = 0; second < seconds; second++) tellSecond(state, talks, second);
  return state;
}

function tellSecond(state: State, talks: readonly FakeTalk[], second: number): void {
  const timeMs = START_MS + second * 1000 + 500;
  update(state, { type: 'flows', bytes: joined(talks.flatMap((one, i) => Array.from({ length: one.perSecond }, (_, n) => framed(flowOf(one, timeMs, { sourcePort: 33_000 + i * 1000 + second * 20 + n }))))) });
  update(state, { type: 'flows', bytes: joined(talks.filter((one) => one.drop === undefined).map((one) => framed(flowOf(one, timeMs, { isReply: true })))) });
  update(state, { type: 'tick', nowMs: START_MS + (second + 1) * 1000 });
}

function screen(state: State, cols = 120, rows = 40): string[] {
  return frame(state, { cols, rows }).map((row) => lineText(row).trimEnd());
}

function press(state: State, ...actions: Action[]): void {
  for (const action of actions) update(state, { type: 'action', action });
}

const SHOP = [
  talk('ingress/nginx', 'shop/checkout', { perSecond: 4 }), talk('shop/frontend', 'shop/checkout', { perSecond: 2 }), talk('shop/admin', 'shop/checkout'),
  talk('shop/checkout', 'shop/payments', { port: 8443, drop: 133, perSecond: 5 }), talk('shop/checkout', 'shop/cart'), talk('shop/checkout', 'data/redis', { port: 6379 }), talk('shop/cart', 'data/redis', { port: 6379 }),
];

describe('the map', () => {
  test('draws callers, focus and callees, joined', () => {
    expect(screen(sceneOf(SHOP)).slice(4, 10)).toEqual([
      '   CALLERS                            FOCUS                               CALLEES',
      '                                      ┌──────────────────────────┐',
      ' ingress/nginx               5/s +─┐  │ shop/checkout            │ ┌─X─►  shop/payments:8443 TCP      5/s DROPPED 5/s',
      ' shop/frontend               3/s +─┼─►│ in 10/s  out 9/s         │─┼─+─►  shop/cart:8080     TCP      2/s',
      ' shop/admin                  2/s +─┘  │ DROPS out 5/s            │ └─+─►  data/redis:6379    TCP      2/s',
      '                                      └──────────────────────────┘',
    ]);
    expect(screen(sceneOf(SHOP), 80, 24).slice(3, 8)).toEqual([
      '── FOCUS  shop/checkout ───────────────── 7 of 7 workloads   f focus   y copy ──',
      '   CALLERS                                CALLEES',
      ' ingress/nginx      5/s +─┐         ┌─X─► shop/payments:8443       5/s DROPPED',
      ' shop/frontend      3/s +─┼─► FOCUS─┼─+─► shop/cart:8080           2/s',
      ' shop/admin         2/s +─┘         └─+─► data/redis:6379          2/s',
    ]);
  });

  test('is drawn with plain characters where the terminal has no others', () => {
    const state = sceneOf(SHOP);
    state.isAscii = true;
    const text = screen(state).join('\n');
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).toContain('+-+->| in 10/s');
  });

  test('says how many callers there was no room for', () => {
    const crowd = Array.from({ length: 40 }, (_, i) => talk(`crowd/client-${String(i).padStart(2, '0')}`, 'shop/api'));
    const state = sceneOf(crowd, 3);
    state.mapTrail.push('shop/api');
    expect(screen(state, 80, 24).join('\n')).toMatch(/ 3\d more/);
  });

  test('begins with the busiest troubled workload, and stays there until another one is in twice the trouble', () => {
    const state = sceneOf(SHOP);
    expect(serviceMap(state).focus).toBe('shop/checkout');
    const worse = (perSecond: number): FakeTalk => talk('batch/etl', 'data/postgres', { port: 5432, drop: 133, perSecond });
    for (let second = 20; second < 26; second++) tellSecond(state, [...SHOP, worse(20)], second);
    expect(serviceMap(state).focus).toBe('shop/checkout');
    for (let second = 26; second < 40; second++) tellSecond(state, [...SHOP, worse(40)], second);
    expect(['batch/etl', 'data/postgres']).toContain(serviceMap(state).focus);
  });

  test('does not turn to what is usually harmless', () => {
    expect(serviceMap(sceneOf([...SHOP.filter(({ drop }) => drop === undefined), talk('odd/host', 'odd/other', { drop: 166, perSecond: 9 })])).focus).toBe('shop/checkout');
  });

  test('f goes to the other end of the selected edge, Esc comes back', () => {
    const state = sceneOf(SHOP);
    press(state, 'down', 'down', 'follow');
    expect(serviceMap(state).focus).toBe('data/redis');
    expect(mapEdges(state).map(({ pair }) => pair.source.name)).toEqual(['shop/checkout', 'shop/cart']);
    press(state, 'down', 'follow');
    expect(serviceMap(state).focus).toBe('shop/cart');
    press(state, 'back', 'back');
    expect([state.view, serviceMap(state).focus]).toEqual(['map', 'shop/checkout']);
  });

  test('Enter leads to the flows of the selected edge', () => {
    const state = sceneOf(SHOP);
    press(state, 'enter');
    expect([state.view, state.chips.map(({ field, value }) => `${field}=${value}`)]).toEqual(['flows', ['from-workload=shop/checkout', 'to-workload=shop/payments', 'port=8443']]);
  });

  test('s and r sort the edges', () => {
    const state = sceneOf(SHOP);
    const ports = (): string => mapEdges(state).map(({ pair }) => `${pair.source.name.split('/')[1]}${pair.port}`).join(' ');
    expect(ports()).toMatch(/^checkout8443 checkout8080/);
    press(state, 'sort', 'reverse');
    expect(ports()).toMatch(/checkout8443 nginx8080$|nginx8080 checkout8443$/);
  });

  test('the matrix holds every event, and drops beside them', () => {
    const { cells } = namespaceMatrix(sceneOf(SHOP));
    expect([...cells].map(([key, { dropped }]) => [key, dropped]).sort()).toEqual([['ingress shop', 0], ['shop data', 0], ['shop shop', 100]]);
  });

  test('y copies the graph as mermaid, names told so that they cannot break out of it', () => {
    const state = sceneOf(SHOP);
    press(state, 'copy');
    const [effect] = state.effects;
    expect(effect?.type === 'copy' ? effect.text.split('\n').slice(0, 3) : []).toEqual(['flowchart LR', '  n0["ingress/nginx"] -->|"8080 5.0/s"| n1["shop/checkout"]', '  n2["shop/frontend"] -->|"8080 3.0/s"| n1']);
    const evil = mermaidOf(serviceMap(sceneOf([talk('shop/a"] --> x["', 'shop/b#<script>&')])));
    expect(evil).toContain('["shop/a#34;] --#62; x[#34;"]');
    expect(evil).toContain('["shop/b#35;#60;script#62;#38;"]');
  });

  test('who is in no namespace has a row of his own', () => {
    const world = { identity: 2, labels: ['reserved:world'] };
    const state = sceneOf([]);
    update(state, { type: 'flows', bytes: framed({ ...flowOf(talk('shop/web', 'shop/api'), START_MS + 19_500), destination: world, source: endpoint('shop/web') }) });
    expect([...namespaceMatrix(state).cells.keys()]).toEqual(['shop world']);
  });

  test.each([['busy', busyScene], ['hostile', hostileScene], ['empty', emptyScene]])('fits any size: %s', (_name, scene) => {
    const state = scene();
    state.view = 'map';
    for (const [cols, rows] of [[80, 24], [81, 25], [99, 30], [110, 31], [133, 70], [300, 100]] as const) expect(frame(state, { cols, rows }).map((row) => lineText(row).length)).toEqual(Array.from({ length: rows }, () => cols));
  });
});
