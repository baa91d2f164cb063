import { expect, test } from 'vitest';
import { update } from '../../../src/control/update.ts';
import { MAX_EFFECTS } from '../../../src/model/effects.ts';
import { busyScene, emptyScene, START_MS } from '../views/scenes.ts';

test('c copies the filter as a hubble observe line, of a moment of the past with its times', () => {
  const state = busyScene();
  update(state, { type: 'chip', field: 'from-workload', value: 'payments/checkout-api', isNegated: false });
  update(state, { type: 'action', action: 'copy-hubble' });
  state.pausedAtMs = START_MS + 60_000;
  update(state, { type: 'action', action: 'copy-hubble' });
  expect(state.effects.map((effect) => (effect.type === 'copy' ? effect.text : ''))).toEqual([
    expect.stringMatching(/^hubble observe .*--from-workload checkout-api.* --follow$/),
    expect.stringMatching(/--since 2026-03-01T12:00:00.000Z --until 2026-03-01T12:01:00.000Z$/),
  ]);
});

test('more than a person can mean is dropped with a word', () => {
  const state = emptyScene();
  for (let i = 0; i <= MAX_EFFECTS; i++) update(state, { type: 'action', action: 'copy-hubble' });
  expect(state.effects).toHaveLength(MAX_EFFECTS);
  expect(state.status.text).toBe('too much at once: press again');
});

test('e writes the incident of the moment shown into a file', () => {
  const state = busyScene();
  state.pausedAtMs = START_MS + 60_000;
  update(state, { type: 'action', action: 'export' });
  expect(state.effects).toEqual([{ type: 'write', stem: 'hubtop-incident-20260301T120100Z', ending: '.md', text: expect.stringMatching(/^# Incident 2026-03-01 12:01:00 UTC/), what: 'the incident' }]);
});
