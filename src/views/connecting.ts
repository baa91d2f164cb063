import type { State } from '../model/state.ts';
import { age } from '../screen/format.ts';
import { left, line, type Line, type Size } from '../screen/line.ts';
import { rule } from './rule.ts';

/** What a reader sees before the first data: the real cause, and what usually helps. */
export function connectingPage(state: State, size: Size): Line[] {
  const { cols } = size;
  const { connection } = state;
  const retry = connection.retryAtMs > state.nowMs ? `, next try in ${age(connection.retryAtMs - state.nowMs)}` : '';
  const tries = connection.attempts > 1 ? `try ${connection.attempts}${retry}` : 'first try';
  const lines = [
    rule(cols, 'CONNECTING', state.server, tries),
    line(cols, []),
    line(cols, ['   ', connection.error === '' ? ['waiting for an answer', 'dim'] : [connection.error, 'warn']]),
  ];
  if (connection.error === '') return lines;
  return [
    ...lines, line(cols, []),
    line(cols, [['   common causes', 'title']]),
    ...CAUSES.flatMap(([cause, command], i) => causeLines(cols, `   ${i + 1}  ${cause}`, command)),
    line(cols, []),
    line(cols, [['   hubtop keeps trying; nothing has to be restarted', 'dim']]),
  ];
}

const CAUSES: readonly (readonly [cause: string, command: string])[] = [
  ['nothing runs there', 'hubtop demo   or   hubtop relay --peers …'],
  ['the port-forward is down', 'kubectl -n kube-system port-forward svc/hubble-relay 4245:80'],
  ['a cluster of kubectl is meant', 'hubtop -P'],
  ['it wants TLS', 'hubtop --server tls://HOST:PORT'],
];

// a command is for copying: it is never cut
function causeLines(cols: number, cause: string, command: string): Line[] {
  if (cols >= 110) return [line(cols, [left(cause, 34), [command, 'dim']])];
  return [line(cols, [cause]), line(cols, ['      ', [command, 'dim']])];
}
