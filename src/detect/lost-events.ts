import type { Finding } from '../model/finding.ts';
import type { Figures } from '../model/figures.ts';
import { countsFlows, type State } from '../model/state.ts';
import { chip } from './chip.ts';
import type { Detector } from './detector.ts';
import { shortCount } from './short-count.ts';

/** Events that nobody saw, by node and stage. */
export const lostEvents: Detector = {
  id: 'lost-events',
  title: 'blind spots: what was not seen, and where it was lost',
  find: lossFindings,
};

function lossFindings(state: State, now: Figures): Finding[] {
  const list: Finding[] = [];
  for (const [key, count] of now.ledger.losses) {
    const [node = '', ...rest] = key.split(' ');
    const stage = rest.join(' ');
    if (stage.startsWith('suppressed') || count < 0.5) continue;
    list.push({
      key: `lost ${key}`, severity: (now.seen ?? 1) < 0.9 ? 'crit' : 'warn', word: 'LOST', subject: stage === '' ? node : `${node} ${stage}`,
      amount: { value: now.seconds > 0 ? count / now.seconds : 0, unit: '/s' }, timesMore: undefined,
      why: `${shortCount(count)} events unseen, counts are ≥`, brief: `${shortCount(count)} unseen`, sinceMs: state.firstSeenMs.get(`lost ${key}`) ?? 0, chips: countsFlows(state) ? [] : [chip('node', node)],
    });
  }
  return list;
}

