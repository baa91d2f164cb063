import { expect, test } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

test.each(commands.map((entry) => [entry.name] as const))('hubtop %s --help says what it does', async (name) => {
  const context = fakeContext();
  expect(await runProgram([name, '--help'], context)).toBe(0);
  expect(context.out()).toMatch(/^Usage: hubtop /m);
  expect(context.out().split('\n').every((line) => line.trimEnd().length <= 200)).toBe(true);
});

test('hubtop --help lists the commands', async () => {
  const context = fakeContext();
  expect(await runProgram(['--help'], context)).toBe(0);
  for (const { name, isHidden } of commands) expect(context.out().includes(`  ${name} `)).toBe(isHidden !== true);
});

test.each<[string[], number, RegExp]>([
  [['nonsense'], 2, /unknown command "nonsense"/],
  [['--nonsense'], 2, /unknown flag: --nonsense/],
  [['--server', 'x:1', 'nonsense'], 2, /unknown command "nonsense"/],
  [['views', 'extra'], 2, /unexpected argument "extra"/],
  [['--batch', '--size', '10x2'], 2, /10x2/],
  [['--batch', '--interval', '0'], 2, /--interval/],
  [['--batch', '-n', '0'], 2, /at least 1/],
  [['-n', '1'], 2, /--batch/],
  [['--view', 'nope'], 2, /nope.*overview/],
  [[], 1, /--batch/],
  [['relay'], 2, /--peers/],
  [['agent'], 2, /--objects/],
  [['agent', '--objects', 'x', '--history', '100'], 2, /must be one less than an integer power of two: 100/],
  [['agent', '--objects', 'x', '--history-time', '90000'], 2, /invalid argument "90000" for "--history-time" flag: expected 0 to 86400/],
  [['agent', '--objects', 'x', '--services', 'translate'], 2, /give --cgroup PATH/],
  [['agent', '--objects', 'x', '--cgroup', '/x', '--services', 'change'], 2, /"change" for "--services" flag: observe or translate/],
  [['agent', '--objects', 'x', '--listen', 'none'], 2, /nowhere to serve/],
  [['agent', '--objects', 'x', '--tls-cert-file', 'y'], 2, /go together/],
  [['demo', '--nodes', '0'], 2, /--nodes/],
  [['demo'], 1, /--no-tui/],
  [['demo', '--scenario', 'nope'], 2, /nope.*policy-edit.*refund-latency/],
  [['demo', '--scenario', 'healthy', '--nodes', '3'], 2, /--nodes/],
  [['observe', 'nonsense'], 1, /unknown command "nonsense" for "hubtop observe"/],
  [['observe', '--nope'], 1, /unknown flag: --nope/],
  [['observe', '--server', 'a b'], 1, /"a b" is not an address/],
  [['observe', '--input-file', '/absent/flows'], 1, /cannot read \/absent\/flows/],
  [['status', '-o', 'xml'], 1, /invalid output format: xml/],
  [['list'], 1, /nodes or namespaces/],
  [['lab-pod', '{'], 2, /no JSON list/],
  [['lab-pod', 'null'], 2, /no JSON list/],
  [['watch', 'birds'], 1, /unknown command "birds"/],
])('hubtop %j exits %i with one line', async (args, code, pattern) => {
  const context = fakeContext();
  expect(await runProgram(args, context)).toBe(code);
  expect(context.errors()).toHaveLength(1);
  expect(context.errors()[0]).toMatch(pattern);
  expect(context.errors()[0]).toMatch(/^hubtop: [^\n]+$/);
  expect(context.out()).toBe('');
});

test('hubtop views lists ids first, hubtop version and --version agree', async () => {
  const context = fakeContext();
  await runProgram(['views'], context);
  expect(context.out()).toMatch(/^overview +\S/);
  const [one, other] = [fakeContext(), fakeContext()];
  await runProgram(['version'], one);
  await runProgram(['--version'], other);
  expect(one.out()).toBe(other.out());
});
