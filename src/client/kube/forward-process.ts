import { spawn } from 'node:child_process';
import { deferred } from '../../lib/deferred.ts';
import { kubeFlags, KubectlError, reasonIn, type KubeOptions } from './kubectl.ts';

/** What to reach, and which ports of it by which of ours: 0 takes a free one. */
export interface ForwardTarget {
  /** As kubectl names it: `service/hubble-relay`, `pod/cilium-x`. */
  resource: string;
  ports: readonly { local: number; remote: number }[];
}

/** One run of kubectl port-forward. */
export interface ForwardProcess {
  /** Our ports, in the order of the target's, once kubectl listens on all of them; rejects with a KubectlError when it ends before. */
  listening: Promise<number[]>;
  /** Why it ended; never rejects. */
  ended: Promise<string>;
  /** Ends kubectl; `ended` resolves soon after. */
  stop(): void;
}

/** How long kubectl may take to listen. */
const LISTEN_MS = 20_000;
/** What is kept of its words: the last line counts. */
const MAX_KEPT = 4_096;

// kubectl lives no longer than the pipe from us to its shell, whatever ends us: no handler runs in a process that is killed
const GUARD = `
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
{ cat <&3; kill "$child"; } >/dev/null 2>&1 &
guard=$!
exec 3<&- 2>/dev/null
wait "$child"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
`;

/** kubectl's words about a way through that is gone; not every version of it ends then. */
const BROKEN = /lost connection to pod|an error occurred forwarding|error creating (error|forwarding) stream/;

/** Starts kubectl port-forward on 127.0.0.1. */
export function startForwardProcess(target: ForwardTarget, kube: KubeOptions): ForwardProcess {
  const ports = target.ports.map(({ local, remote }) => `${local === 0 ? '' : local}:${remote}`);
  const child = spawn('sh', ['-c', GUARD, 'sh', 'kubectl', 'port-forward', target.resource, ...ports, '--address=127.0.0.1', ...kubeFlags(kube)], { stdio: ['pipe', 'pipe', 'pipe'] });
  // whoever ends first closes the pipe to the other
  child.stdin.on('error', () => {});
  const stop = (): void => { child.stdin.end(); };
  let words = '';
  let listened: number[] = [];
  const listening = deferred<number[]>();
  listening.promise.catch(() => {});
  const timer = setTimeout(() => {
    words = `error: kubectl does not listen after ${LISTEN_MS / 1000} s`;
    stop();
  }, LISTEN_MS);
  child.stdout.setEncoding('utf8').on('data', linesOf((line) => {
    const port = /^Forwarding from 127\.0\.0\.1:(\d+) -> /.exec(line)?.[1];
    if (port === undefined || listened.length === ports.length) return;
    listened = [...listened, Number(port)];
    if (listened.length < ports.length) return;
    clearTimeout(timer);
    listening.resolve(listened);
  }));
  child.stderr.setEncoding('utf8').on('data', linesOf((line) => {
    words = `${words}${line}\n`.slice(-MAX_KEPT);
    if (BROKEN.test(line)) stop();
  }));
  const ended = new Promise<string>((resolve) => {
    const end = (why: string): void => {
      clearTimeout(timer);
      stop();
      const reason = `kubectl port-forward ${target.resource}: ${why}`;
      listening.reject(new KubectlError(reason));
      resolve(reason);
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code) => end(code === 127 ? 'kubectl is not on the PATH' : reasonIn(words) || `ended with code ${code ?? '?'}`));
  });
  return { listening: listening.promise, ended, stop };
}

/** Whole lines of a stream of text; a line that never ends is cut. */
function linesOf(take: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-MAX_KEPT);
    for (const line of lines) take(line);
  };
}
