import { figures, rate } from '../model/figures.ts';
import { findings } from '../detect/findings.ts';
import { hidesTraffic, type State } from '../model/state.ts';
import { count, percent } from '../screen/format.ts';
import { exactly, line, type Line, type Size } from '../screen/line.ts';

const DROPPED = 2;

/** What a terminal too small for a view still shows: the state, the sight, the problems. */
export function strip(state: State, size: Size): Line[] {
  const { cols } = size;
  const now = figures(state);
  const nodes = [...state.nodes.values()];
  const well = nodes.filter((node) => node.trouble === '').length;
  const seen = now.seen === undefined ? '?' : `${now.ledger.isPartial ? '≤' : ''}${percent(now.seen)}`;
  const word = state.replay !== undefined ? 'REPLAY' : state.connection.state === 'live' ? (state.pausedAtMs > 0 ? 'PAUSED' : 'LIVE') : state.connection.state.toUpperCase();
  const list = findings(state);
  const lines = [
    line(cols, [[word, state.connection.state === 'live' ? 'good' : 'warn'], ` seen ${seen} n${well}/${nodes.length} ${count(rate(now.now.flows, now.now))} fl/s `, [`drops ${count(rate(now.now.verdicts[DROPPED] ?? 0, now.now))}/s`, 'bad']]),
    ...(list.length === 0 ? [line(cols, [[`nothing is wrong that flows ${hidesTraffic(state) ? 'of this filter ' : ''}can show`, 'good']])] : []),
    ...list.flatMap((problem) => [
      line(cols, [[problem.severity === 'note' ? 'note' : problem.severity.toUpperCase(), problem.severity === 'crit' ? 'bad' : 'warn'], ` ${problem.word} ${problem.subject}`]),
      line(cols, [[`     ${problem.why}`, 'dim']]),
    ]),
  ].slice(0, Math.max(0, size.rows - 1));
  return exactly([...exactly(lines, { cols, rows: size.rows - 1 }), line(cols, [[`this terminal is ${cols}x${size.rows}; whole views need 80x24`, 'dim']])], size);
}
