import { afterEach, expect, test } from 'vitest';
import { bundle, hasTmux, pause, runHubtop } from './hubtop-process.ts';
import { TmuxTerminal } from './tmux.ts';

let terminal: TmuxTerminal | undefined;
afterEach(() => { terminal?.close(); });

test.skipIf(!hasTmux).each([{ cols: 80, rows: 24 }, { cols: 120, rows: 40 }])('hubtop demo moves within seconds at $cols x $rows and gives the terminal back', async (size) => {
  terminal = new TmuxTerminal(size, `demo-${size.cols}`);
  terminal.type(`stty -a > /tmp/hubtop-e2e-$$.before; ${process.execPath} ${bundle} demo; stty -a | diff - /tmp/hubtop-e2e-$$.before && echo same-terminal; rm -f /tmp/hubtop-e2e-$$.before\n`);
  const first = await terminal.waitFor(/LIVE[\s\S]*payments\//, 15_000);
  expect(first.split('\n').every((line) => line.length <= size.cols)).toBe(true);
  await pause(2500);
  expect(terminal.screen()).not.toBe(first);
  terminal.press('2');
  await terminal.waitFor(/payments\/check/, 5000);
  terminal.press('?');
  await terminal.waitFor(/HELP/, 5000);
  terminal.press('Escape');
  await pause(300);
  terminal.press('q');
  const after = await terminal.waitFor(/same-terminal/, 10_000);
  expect(after).toMatch(/same-terminal/);
});

test('hubtop demo --no-tui serves and --batch prints a frame of it', async () => {
  const { startHubtop } = await import('./hubtop-process.ts');
  const demo = startHubtop(['demo', '--no-tui', '--listen', '127.0.0.1:0']);
  try {
    const [, address = ''] = await demo.waitFor(/ready (\S+)/, 15_000);
    const frame = runHubtop(['--server', address, '--batch', '-n', '1', '--view', 'overview', '--size', '120x40']);
    expect(frame.stderr).toBe('');
    expect(frame.status).toBe(0);
    expect(frame.stdout).toMatch(/12\/12/);
    expect(frame.stdout).toMatch(/payments\/checkout-api/);
    expect(frame.stdout).not.toMatch(/\u001b/);
    const status = runHubtop(['status', '--server', address]);
    expect(status.stdout).toMatch(/Connected Nodes: 12\/12/);
  } finally {
    expect(await demo.stop()).toBe(0);
  }
});
