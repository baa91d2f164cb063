import { expect, test } from 'vitest';
import { figures } from '../../../src/model/figures.ts';
import { update } from '../../../src/control/update.ts';
import { reportOf } from '../app/fake-cluster.ts';
import { emptyScene, START_MS } from '../views/scenes.ts';

test.each([
  ['all nodes are heard of', '', false],
  ['a node is away', 'NODE_UNAVAILABLE', true],
  ['a node does not answer', 'NODE_ERROR', true],
  ['a node has left the cluster', 'NODE_GONE', false],
])('while %s, the counts of the others are lower bounds or not', (_name, state, isLowerBound) => {
  const scene = emptyScene();
  for (let second = 0; second < 10; second++) {
    const timeMs = START_MS + second * 1000 + 1000;
    const report = reportOf(second, timeMs);
    const nodes = (report.nodes ?? []).map((node, index) => (index === 0 && state !== '' ? { name: node.name, state } : node));
    update(scene, { type: 'tick', nowMs: timeMs });
    update(scene, { type: 'telemetry', report: { ...report, nodes } });
  }
  const { window, ...rest } = figures(scene);
  expect(rest.isLowerBound).toBe(isLowerBound);
  // and what the others counted is shown, not hidden as a hole is
  expect([window.hasGap, window.flows > 0]).toEqual([false, true]);
});
