import type { Finding, Standing } from '../../agent/kernel/finding.ts';
import { jsonText, SCHEMA } from '../export/data.ts';
import { scrub } from '../lib/scrub.ts';
import { type Command, CommandError, UsageError } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { splitList } from './serving-flags.ts';

const WORDS: Readonly<Record<Standing, string>> = { ok: 'ok', less: 'less', missing: 'MISSING' };
const MAX_LINE = 400;

/** `hubtop doctor`. */
export const doctor: Command = {
  usage: 'doctor [flags]',
  summary: 'What this machine allows the agent: what works, what works with less, what is missing and what to do (root)',
  flags: [
    { name: 'objects', kind: 'list', value: 'PATH', help: 'Kubernetes objects as the agent gets them: what of them is understood, and which label sets meet in one identity number' },
    { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'text or json (default text)' },
  ],
  details: 'Loads our programs for a moment and takes them away again. Exit code 0: the agent runs here; 1: it does not.',
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const format = values.text('output') ?? 'text';
    if (format !== 'text' && format !== 'json') throw new UsageError(`invalid output format: ${format}: expected text or json`);
    const { diagnose, readMachineFacts } = await import('../../agent/kernel/doctor.ts');
    const findings = [...diagnose(readMachineFacts()), ...await aboutObjects(splitList(values.list('objects')))];
    await context.print(format === 'json' ? `${jsonText({ schema: SCHEMA, kind: 'doctor', findings: findings.map(({ what, standing, says, advice }) => ({ what, standing, says, advice: advice ?? null })) })}\n` : lines(findings));
    return findings.some(({ standing }) => standing === 'missing') ? 1 : 0;
  },
};

async function aboutObjects(paths: readonly string[]): Promise<Finding[]> {
  if (paths.length === 0) return [];
  const { objectFindings } = await import('../../agent/catalog/object-findings.ts');
  try {
    return await objectFindings(paths);
  } catch (error) {
    throw new CommandError(describeFailure(error));
  }
}

function lines(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const missing = findings.filter(({ standing }) => standing === 'missing').length;
  const less = findings.filter(({ standing }) => standing === 'less').length;
  const sum = missing > 0 ? `the agent does not run here: ${missing} missing` : less > 0 ? `the agent runs here, with less in ${less}` : 'the agent runs here, with everything';
  return `${[...findings.flatMap(({ what, standing, says, advice }) => [
    `${WORDS[standing].padEnd(8)}${what.padEnd(width)}  ${scrub(says, MAX_LINE)}`, ...(advice === undefined || advice === '' ? [] : [`${' '.repeat(8 + width)}  → ${scrub(advice, MAX_LINE)}`]),
  ]), '', sum].join('\n')}\n`;
}
