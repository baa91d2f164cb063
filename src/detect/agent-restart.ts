import type { Detector } from './detector.ts';

/** A restart is told for this long: what happened before it is not in the agent's history any more. */
const TOLD_MS = 600_000;

/** Agents that began anew: their history is empty, and what they counted before is gone. */
export const agentRestart: Detector = {
  id: 'agent-restart',
  title: 'agents that restarted',
  find(state) {
    const moment = state.pausedAtMs > 0 ? state.pausedAtMs : state.nowMs;
    return [...state.nodes.values()].flatMap((node) => {
      const lately = node.restarts.filter((restart) => restart <= moment && moment - restart < TOLD_MS);
      const last = lately.at(-1);
      if (last === undefined) return [];
      const times = lately.length;
      return [{
        key: `restart ${node.name}`, severity: times > 1 ? 'warn' as const : 'note' as const, word: 'RESTART', subject: node.name,
        amount: { value: times, unit: '' as const, text: `${times}×` }, timesMore: undefined,
        why: times > 1 ? `its agent restarted ${times} times in 10 min` : 'its agent restarted: history before is gone', brief: 'agent restarted', sinceMs: last, chips: [],
        target: { view: 'nodes', select: { panel: 0, key: node.name } },
        next: [`kubectl -n kube-system get pods -o wide --field-selector spec.nodeName=${node.name}`],
      }];
    });
  },
};
