import { execFile } from 'node:child_process';

/** Which cluster kubectl is to talk to, as its own flags say it. */
export interface KubeOptions {
  namespace: string;
  context?: string | undefined;
  kubeconfig?: string | undefined;
}

/** Longest answer taken: names and ports of five thousand pods are one megabyte. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A credential plugin may have to ask somebody first. */
const ANSWER_MS = 30_000;

/** kubectl failed; the message is one line that says what and why. */
export class KubectlError extends Error {}

/** kubectl's flags for the cluster. */
export function kubeFlags(kube: KubeOptions): string[] {
  return [
    `--namespace=${kube.namespace}`,
    ...(kube.context ? [`--context=${kube.context}`] : []),
    ...(kube.kubeconfig ? [`--kubeconfig=${kube.kubeconfig}`] : []),
  ];
}

/** Runs kubectl to its end and gives what it printed; rejects with a KubectlError. */
export function runKubectl(args: readonly string[], kube: KubeOptions, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('kubectl', [...args, ...kubeFlags(kube)], { maxBuffer: MAX_ANSWER_BYTES, timeout: ANSWER_MS, signal }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failureOf(args, error, stderr));
    });
    child.stdin?.end();
  });
}

function failureOf(args: readonly string[], error: Error & { code?: unknown; killed?: boolean }, stderr: string): KubectlError {
  if (error.code === 'ENOENT') return new KubectlError('kubectl is not on the PATH: --port-forward runs it', { cause: error });
  const what = `kubectl ${args.filter((arg) => !arg.startsWith('-')).join(' ')}`;
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return new KubectlError(`${what}: answers with more than ${MAX_ANSWER_BYTES >> 20} MB`, { cause: error });
  if (error.killed === true) return new KubectlError(`${what}: no answer within ${ANSWER_MS / 1000} s`, { cause: error });
  return new KubectlError(`${what}: ${reasonIn(stderr) || error.message.replaceAll(/\s*\n\s*/g, ' ')}`, { cause: error });
}

/** The line of kubectl's complaints that says why: the last one it calls an error, else the last one; without log prefix. */
export function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const reason = lines.findLast((line) => /^error\b|^Unable to listen/i.test(line)) ?? lines.at(-1) ?? '';
  // klog: E0312 12:00:00.000000   1234 portforward.go:424] words
  return reason.replace(/^[EWIF]\d{4} \S+\s+\d+ \S+\] /, '').replace(/^error: /i, '').replace(/^Error from server \((\w+)\): /, '');
}
