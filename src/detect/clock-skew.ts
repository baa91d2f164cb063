import type { Detector } from './detector.ts';

/** A clock further from the others than this makes order and "since" wrong. */
const SKEW_MS = 2_500;
/** With fewer nodes nobody knows whose clock is right. */
const LEAST_NODES = 3;

/** Nodes whose clock differs from the middle one of all. */
export const clockSkew: Detector = {
  id: 'clock-skew',
  title: 'clocks that differ between nodes',
  find(state) {
    const nodes = [...state.nodes.values()].filter((node) => node.heardMs > 0 && node.trouble === '');
    if (state.pausedAtMs > 0 || nodes.length < LEAST_NODES) return [];
    const offsets = nodes.map((node) => node.clockOffsetMs).toSorted((one, other) => one - other);
    const middle = offsets[offsets.length >> 1] ?? 0;
    return nodes.filter((node) => Math.abs(node.clockOffsetMs - middle) > SKEW_MS).map((node) => {
      const seconds = (node.clockOffsetMs - middle) / 1000;
      const text = `${seconds > 0 ? '+' : ''}${seconds.toFixed(1)} s`;
      return {
        key: `clock ${node.name}`, severity: 'warn' as const, word: 'CLOCK', subject: node.name, amount: { value: Math.abs(seconds), unit: '' as const, text }, timesMore: undefined,
        why: `its clock is ${seconds > 0 ? 'ahead of' : 'behind'} the others: its flows stand at wrong times`, brief: 'clock differs', sinceMs: 0, chips: [],
        target: { view: 'nodes', select: { panel: 0, key: node.name } },
        next: [`kubectl debug node/${node.name} -it --image=busybox -- date -u`],
      };
    });
  },
};
