import { describe, expect, test } from 'vitest';
import type { ChipField } from '../../../src/model/chips.ts';
import type { State } from '../../../src/model/state.ts';
import { update } from '../../../src/control/update.ts';
import { lineText } from '../../../src/screen/line.ts';
import { filterLine } from '../../../src/views/filter-line.ts';
import { flows } from '../../../src/views/flows.ts';
import { help } from '../../../src/views/help.ts';
import { keymap } from '../../../src/screen/keymap.ts';
import { VIEWS } from '../../../src/views/view-list.ts';
import { busyScene, stockScene } from './scenes.ts';

const CHIPS: readonly (readonly [ChipField, string])[] = [
  ['from-workload', 'payments/checkout-api'], ['to-workload', 'payments/ledger-svc'], ['port', '9090'], ['verdict', 'DROPPED'], ['protocol', 'tcp'], ['node', 'node-03'], ['drop-reason', 'POLICY_DENIED'],
];

function withChips(state: State, count: number): State {
  for (const [field, value] of CHIPS.slice(0, count)) update(state, { type: 'chip', field, value, isNegated: false });
  return state;
}

describe('filterLine()', () => {
  test.each([
    [80, 1, ' filter [1]from-workload=payments/checkout-api          relay 1/1 b back x clear'],
    [80, 3, ' filter [1]from-wl=checkout-api [2]to-wl=ledger-svc [3]port=9090  b back x clear'],
    [80, 7, ' filter +4 [5]proto=tcp [6]node=node-03 [7]reason=POLIC…ED        b back x clear'],
  ])('%i columns, %i chips', (cols, count, expected) => {
    expect(lineText(filterLine(withChips(busyScene(), count), cols))).toBe(expected);
  });

  test('keeps five at 120 columns', () => {
    const text = lineText(filterLine(withChips(busyScene(), 5), 120));
    for (let i = 1; i <= 5; i++) expect(text).toContain(`[${i}]`);
  });
});

describe('a filter that nothing passes', () => {
  const page = (state: State, cols: number): string => {
    update(state, { type: 'flows-requested' });
    return flows.render(state, { cols, rows: 19 }, { views: VIEWS, bindings: [] }).map(lineText).join('\n');
  };

  test.each([80, 120])('says which chip stops all, at %i columns', (cols) => {
    const state = withChips(busyScene(), 2);
    update(state, { type: 'chip', field: 'port', value: '4711', isNegated: false });
    const text = page(state, cols);
    expect(text).toMatch(/\[1\] from-work.* [\d ]+ {2}in 60 s pass it alone/);
    expect(text).toMatch(/\[3\] port=4711 +0 {2}in 60 s: this one stops all/);
  });

  test('says that it is the combination when each alone lets flows through', () => {
    const state = busyScene();
    update(state, { type: 'chip', field: 'port', value: '53', isNegated: false });
    update(state, { type: 'chip', field: 'verdict', value: 'DROPPED', isNegated: false });
    expect(page(state, 80)).toContain('each of them lets flows through, together they do not');
  });

  test('does not guess where nobody counts', () => {
    const state = stockScene();
    update(state, { type: 'chip', field: 'port', value: '4711', isNegated: false });
    expect(page(state, 80)).toMatch(/port=4711 +\? {2}not counted by itself/);
  });
});

test('a chip that takes the place of another says so', () => {
  const state = busyScene();
  state.view = 'flows';
  update(state, { type: 'chip', field: 'port', value: '4711', isNegated: false });
  update(state, { type: 'action', action: 'port' });
  expect(state.status.text).toBe('instead of port=4711: b takes it back');
});

test('the help cuts nothing at 80 columns', () => {
  const text = help.render(busyScene(), { cols: 80, rows: 60 }, { views: VIEWS, bindings: keymap(VIEWS) }).map(lineText).join('\n');
  expect(text).not.toContain('…');
});
