import { secondsOf, runCheck } from '../app/check.ts';
import { runRecordingCheck } from '../app/check-recording.ts';
import { type Condition, MAX_CONDITIONS } from '../check/condition.ts';
import { languageHelp } from '../check/help-text.ts';
import { parseConditions } from '../check/parse-conditions.ts';
import { exitCodeOf, type Result, resultData, resultLines } from '../check/result.ts';
import { ExpressionError } from '../check/scanner.ts';
import { jsonText, SCHEMA } from '../export/data.ts';
import { parseDuration } from '../flow/time-parse.ts';
import { parseTarget } from '../rpc/target.ts';
import { sleep } from '../rpc/sleep.ts';
import { clusterOpener } from './cluster-source.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import type { FlagValues } from './flags.ts';
import { metricsFlag, readMetrics } from './metrics-flags.ts';
import { openFile, readMoment } from './open-file.ts';
import { reachServer } from './reach-server.ts';

/** Share of events in percent that must have been received, unless told otherwise: below it the screen says SAMPLED. */
const LEAST_SEEN_PERCENT = 95;
const CANNOT_TELL = 3;
const MAX_TIMEOUT_MS = 24 * 3600 * 1000;

/** `hubtop check 'drops(ns=shop) < 1/s for 30s'`. */
export const check: Command = {
  usage: "check 'CONDITION' ['CONDITION' …] [flags]",
  summary: 'Does the network keep to conditions: exit code 0 ok, 1 breached, 3 cannot tell',
  flags: [
    { name: 'file', kind: 'text', value: 'FILE', help: 'a recording instead of a server, - is stdin: its last seconds, without "for" all of it' },
    { name: 'at', kind: 'text', value: 'TIME', help: 'with --file: as if it ended then; 2026-03-04T09:15:02Z, 09:15:02, or +SECONDS from the beginning' },
    { name: 'timeout', kind: 'text', value: 'DURATION', help: 'most time it may take in all (default: the longest "for" and 15s)' },
    { name: 'least-seen', kind: 'text', value: 'PERCENT', help: `less of the events received is too little to tell (default ${LEAST_SEEN_PERCENT})` },
    { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'text or json (default text)' },
    metricsFlag,
    ...connectionFlags.filter(({ name }) => name !== 'timeout'),
  ],
  details: languageHelp(),
  usageExitCode: 2,
  maxPositionals: MAX_CONDITIONS,
  async run(values, positionals, context) {
    const conditions = readConditions(positionals);
    const question = { conditions, leastSeen: readLeastSeen(values.text('least-seen')), isJson: readIsJson(values) };
    const path = values.text('file');
    if (path !== undefined) return checkFile(path, question, { values, context });
    if (values.has('at')) throw new UsageError('--at goes with --file');
    const settings = readConnection(values, context.env);
    requireAddress(settings.server);
    const [metrics, timeoutMs] = [readMetrics(values, settings), readTimeout(values.text('timeout'), conditions)];
    return answered(context, async () => {
      const reached = await reachServer(settings, context);
      try {
        const results = await runCheck({
          conditions, leastSeen: question.leastSeen, timeoutMs, signal: context.signal, now: Date.now, sleep: (ms) => sleep(ms, context.signal), open: await clusterOpener(reached, metrics),
        });
        return await tell(results, { server: reached.settings.server, isJson: question.isJson }, context);
      } finally {
        await reached.close();
      }
    });
  },
};

interface Question {
  conditions: readonly Condition[];
  leastSeen: number;
  isJson: boolean;
}

async function checkFile(path: string, { conditions, leastSeen, isJson }: Question, { values, context }: { values: FlagValues; context: CommandContext }): Promise<number> {
  const stray = ['server', 'port-forward', 'timeout', 'cilium-metrics'].find((name) => values.has(name));
  if (stray !== undefined) throw new UsageError(`cannot set both --file and --${stray}`);
  return answered(context, async () => {
    const recording = await openFile(path, context);
    const results = await runRecordingCheck({ conditions, recording, atMs: readMoment(values.text('at'), recording), leastSeen, signal: context.signal });
    for (const words of recording.said) context.printError(`hubtop: ${words}`);
    return tell(results, { server: recording.name, isJson }, context);
  });
}

// any other failure would exit 1, and 1 is a breach
async function answered(context: CommandContext, answer: () => Promise<number>): Promise<number> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    context.printError(`hubtop: ${describeFailure(error)}`);
    return CANNOT_TELL;
  }
}

async function tell(results: readonly Result[], of: { server: string; isJson: boolean }, context: CommandContext): Promise<number> {
  await context.print(of.isJson ? `${jsonText(checkData(of.server, results))}\n` : resultLines(results).map((line) => `${line}\n`).join(''));
  return exitCodeOf(results);
}

function requireAddress(server: string): void {
  try {
    parseTarget(server);
  } catch (error) {
    throw new UsageError(describeFailure(error), { cause: error });
  }
}

function checkData(server: string, results: readonly Result[]): Record<string, unknown> {
  return { schema: SCHEMA, kind: 'check', server, exit_code: exitCodeOf(results), conditions: results.map(resultData) };
}

function readConditions(positionals: readonly string[]): Condition[] {
  if (positionals.length === 0) throw new UsageError("check needs a condition, such as 'drops(ns=shop) < 1/s for 30s'");
  try {
    const conditions = positionals.flatMap((text) => parseConditions(text));
    if (conditions.length > MAX_CONDITIONS) throw new UsageError(`${conditions.length} conditions: at most ${MAX_CONDITIONS} go into one check`);
    return conditions;
  } catch (error) {
    if (error instanceof ExpressionError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function readLeastSeen(text: string | undefined): number {
  const percent = text === undefined ? LEAST_SEEN_PERCENT : /^\d+(\.\d+)?\s*%?$/.test(text) ? Number(text.replace(/\s*%$/, '')) : Number.NaN;
  if (!(percent >= 0 && percent <= 100)) throw new UsageError(`invalid argument "${text}" for "--least-seen" flag: expected a percentage, 0 to 100`);
  return percent / 100;
}

function readTimeout(text: string | undefined, conditions: readonly Condition[]): number | undefined {
  if (text === undefined) return undefined;
  const ns = parseDuration(text);
  const ms = ns === undefined ? 0 : Number(ns / 1_000_000n);
  if (ms <= 0 || ms > MAX_TIMEOUT_MS) throw new UsageError(`invalid argument "${text}" for "--timeout" flag: expected a duration such as 90s, up to 24h`);
  const longest = Math.max(...conditions.map(secondsOf));
  if (ms < longest * 1000) throw new UsageError(`--timeout ${text} is over before a condition can hold for ${longest} s`);
  return ms;
}

function readIsJson(values: FlagValues): boolean {
  const format = values.text('output') ?? 'text';
  if (format !== 'text' && format !== 'json') throw new UsageError(`invalid output format: ${format}: expected text or json`);
  return format === 'json';
}
