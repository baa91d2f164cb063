import type { Figures } from '../model/figures.ts';
import type { Finding } from '../model/finding.ts';
import { latencyText, shareText } from '../model/latency-text.ts';
import type { State } from '../model/state.ts';
import type { Detector } from './detector.ts';
import { codesWord, CRITICAL_SHARE } from './error-jump.ts';
import { routeJumps, type LatencyJump, type RouteJump } from './route-jumps.ts';
import { routeKey, routeStory, routeSubject } from './route-words.ts';

/** Slower than this somebody gives up. */
const CRITICAL_US = 1_000_000;

/** Routes that answer slower than they used to. */
export const latencyJump: Detector = {
  id: 'latency-jump',
  title: 'a route that answers slower than before',
  find: (state, now) => routeJumps(state).flatMap((jump) => (jump.latency === undefined ? [] : [latencyFinding(state, now, { jump, latency: jump.latency })])),
};

function latencyFinding(state: State, now: Figures, { jump, latency }: { jump: RouteJump; latency: LatencyJump }): Finding {
  const { figure, errors } = jump;
  const { share, us, baseUs, sinceMs } = latency;
  const percentile = `p${share * 100}`;
  const failing = errors === undefined ? '' : `; ${shareText(errors.share)} ${codesWord(jump)}${errors.baseShare === undefined ? '' : `, ${shareText(errors.baseShare)} before`}`;
  return {
    key: `latency ${routeKey(figure)}`, severity: us >= CRITICAL_US || (errors?.share ?? 0) >= CRITICAL_SHARE ? 'crit' : 'warn', word: 'LATENCY', subject: routeSubject(figure),
    amount: { value: us / 1000, unit: '', text: latencyText(us) }, timesMore: us / baseUs,
    why: `${percentile} ${latencyText(baseUs)} → ${latencyText(us)}${failing}`, brief: `was ${latencyText(baseUs)}`, sinceMs,
    ...routeStory(state, now, { figure, sinceMs, evidence: [`${percentile} of ${figure.timed} answers in the last minute, ${latencyText(baseUs)} in the middle of the minutes before`, ...(errors === undefined ? [] : [`${figure.bad} of ${figure.answers} answers are errors`])] }),
    // one route in trouble is one line: who waits gives up, and that is an error
    claims: [`errors ${routeKey(figure)}`],
  };
}
