import type { Finding } from '../model/finding.ts';
import type { Figures } from '../model/figures.ts';
import { lossWords } from '../model/loss-words.ts';
import { countsFlows, type State } from '../model/state.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

/** Part seen below which not seeing is critical. */
const CRITICAL_SEEN = 0.9;

/** Events that nobody saw, by node and stage. */
export const lostEvents: Detector = {
  id: 'lost-events',
  title: 'blind spots: what was not seen, and where it was lost',
  find(state, now) {
    return [...now.ledger.losses].filter(([, count]) => count >= 0.5).flatMap(([key, count]) => {
      const [node = '', ...rest] = key.split(' ');
      const stage = rest.join(' ');
      // suppressed on purpose is counted, but it is no blindness
      return stage.startsWith('suppressed') ? [] : [lossFinding(state, now, { key, node, stage, count })];
    });
  },
};

function lossFinding(state: State, now: Figures, loss: { key: string; node: string; stage: string; count: number }): Finding {
  const { node, stage, count } = loss;
  const words = lossWords(stage);
  const share = nodeSeen(state, now, node);
  return {
    key: `lost ${loss.key}`, severity: (share ?? now.seen ?? 1) < CRITICAL_SEEN ? 'crit' : 'warn', word: 'LOST', subject: stage === '' ? node : `${node} ${stage}`,
    amount: { value: now.ledgerSeconds > 0 ? count / now.ledgerSeconds : 0, unit: '/s' }, timesMore: undefined,
    why: `${shortCount(count)} events unseen, counts are ≥`, brief: `${shortCount(count)} unseen`, sinceMs: state.firstSeenMs.get(`lost ${loss.key}`) ?? 0,
    chips: countsFlows(state) || node === '' ? [] : [chip('node', node)],
    target: { view: 'nodes', select: { panel: 0, key: node } },
    cause: { text: `lost between ${words.where.replace(' → ', ' and ')}: ${words.why}`, isCertain: true },
    evidence: [
      ...(share === undefined ? [] : [`of ${node} you see ${Math.floor(share * 100)} % in this window`]),
      ...agentEvidence(state, node, now.toSecond * 1000),
      `what helps: ${words.cure}`,
    ],
  };
}

// of one node, over the window of the figures
function nodeSeen(state: State, now: Figures, name: string): number | undefined {
  const history = state.nodes.get(name)?.history;
  const [from, to] = [now.fromSecond * 1000, now.toSecond * 1000];
  const happened = history?.sum(from, to, 'happened') ?? 0;
  return history === undefined || happened <= 0 ? undefined : Math.max(0, 1 - history.sum(from, to, 'lost') / happened);
}

function agentEvidence(state: State, name: string, momentMs: number): string[] {
  const cpu = state.nodes.get(name)?.history?.at(momentMs, 'cpu');
  return cpu === undefined || cpu <= 0 ? [] : [`its agent uses ${cpu < 0.01 ? '<1' : Math.round(cpu * 100)} % of a core`];
}
