import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { shareText } from '../model/latency-text.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { routeJumps, type ErrorJump, type RouteJump } from './route-jumps.ts';
import { routeChips, routeKey, routeStory, routeSubject } from './route-words.ts';
import { chip } from './chip.ts';

/** From such a share of errors on a route is critical. */
export const CRITICAL_SHARE = 0.2;
/** How much more than before is news. */
const NEWS_TIMES = 3;

/** Routes whose answers are errors of the server more often than they used to be. */
export const errorJump: Detector = {
  id: 'error-jump',
  title: 'errors of a route that rise',
  find: (state, now) => routeJumps(state).flatMap((jump) => (jump.errors === undefined ? [] : [errorFinding(state, now, { jump, errors: jump.errors })])),
};

/** Errors of a route as a finding. */
function errorFinding(state: State, now: Figures, { jump, errors }: { jump: RouteJump; errors: ErrorJump }): Finding {
  const { figure } = jump;
  const { share, baseShare, sinceMs } = errors;
  const before = baseShare === undefined ? '' : `, ${shareText(baseShare)} before`;
  const story = routeStory(state, now, { figure, sinceMs, evidence: [`${figure.bad} of ${figure.answers} answers in the last minute${before}`] });
  return {
    key: `errors ${routeKey(figure)}`, severity: share >= CRITICAL_SHARE ? 'crit' : 'warn', word: 'ERRORS', subject: routeSubject(figure),
    amount: { value: share * 100, unit: '%', text: shareText(share) },
    timesMore: baseShare !== undefined && baseShare > 0 && share / baseShare >= NEWS_TIMES ? share / baseShare : undefined,
    why: `${codesWord(jump)} of its answers${before}`, brief: baseShare === undefined ? 'no past known' : `was ${shareText(baseShare)}`, sinceMs,
    ...story, chips: [...routeChips(figure), ...(figure.route.protocol === 'HTTP' ? [chip('http-status', '5+')] : [])],
  };
}

/** What errors of a route are called. */
export function codesWord({ figure }: RouteJump): string {
  return figure.route.protocol === 'HTTP' ? '5xx' : 'errors';
}
