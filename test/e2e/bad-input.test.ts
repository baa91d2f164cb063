import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bundle, canRunKernel, runHubtop } from './hubtop-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-bad-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
writeFileSync(join(folder, 'objects.yaml'), 'kind: Namespace\nmetadata:\n  name: shop\n');

function expectOneLine(result: { status: number | null; stderr: string }, status: number, pattern: RegExp): void {
  expect(result.stderr.trimEnd().split('\n'), result.stderr).toHaveLength(1);
  expect(result.stderr).toMatch(pattern);
  expect(result.stderr).not.toMatch(/\n {4}at /);
  expect(result.status).toBe(status);
}

test('a relay that is not there: one line, exit 1', () => {
  expectOneLine(runHubtop(['observe', '--server', '127.0.0.1:9', '--last', '1']), 1, /127\.0\.0\.1:9/);
  expectOneLine(runHubtop(['status', '--server', '127.0.0.1:9']), 1, /127\.0\.0\.1:9/);
});

test('a batch against a relay that is not there ends with one line, exit 1', () => {
  expectOneLine(runHubtop(['--server', '127.0.0.1:9', '--batch', '-n', '1']), 1, /127\.0\.0\.1:9/);
});

test('a terminal that is no terminal: one line that names --batch, exit 1', () => {
  expectOneLine(runHubtop(['--server', '127.0.0.1:9']), 1, /--batch/);
  expectOneLine(runHubtop(['demo']), 1, /--batch|--no-tui/);
});

test.each([
  [['--no-such-flag'], /no-such-flag/],
  [['nonsense'], /nonsense/],
  [['--batch', '--view', 'nonsense', '--server', '127.0.0.1:9'], /nonsense.*overview/],
  [['--batch', '--size', '0x0', '--server', '127.0.0.1:9'], /size/],
  [['--batch', '-n', 'many', '--server', '127.0.0.1:9'], /many/],
])('wrong usage %j: one line, exit 2', (args, pattern) => {
  expectOneLine(runHubtop(args), 2, pattern);
});

test('wrong usage of a verb that hubble has exits 1 as hubble does', () => {
  expectOneLine(runHubtop(['observe', '--first', '1', '--last', '1']), 1, /cannot set both --first and --last/);
});

test('a port in use: one line that names it, exit 1', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    expectOneLine(runHubtop(['relay', '--peers', '127.0.0.1:9', '--listen', `127.0.0.1:${port}`]), 1, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`));
    expectOneLine(runHubtop(['demo', '--no-tui', '--listen', `127.0.0.1:${port}`]), 1, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`));
  } finally {
    server.close();
  }
});

test('plaintext on an address that is not loopback needs a flag', () => {
  expectOneLine(runHubtop(['relay', '--peers', '127.0.0.1:9', '--listen', '0.0.0.0:0']), 1, /insecure|plaintext/);
});

test('an objects path that does not exist: one line, exit 1', () => {
  expectOneLine(runHubtop(['agent', '--objects', join(folder, 'absent.yaml'), '--listen', '127.0.0.1:0']), 1, /absent\.yaml/);
});

const agentArgs = ['agent', '--objects', join(folder, 'objects.yaml'), '--listen', '127.0.0.1:0'];

function runUnder(command: string[], file: string): { status: number | null; stderr: string } {
  const [program = '', ...rest] = command;
  const result = spawnSync(program, [...rest, process.execPath, file, ...agentArgs], { encoding: 'utf8', timeout: 20_000, cwd: folder });
  return { status: result.status, stderr: result.stderr };
}

/** Runs the agent where the shell command has hidden something, in a mount namespace of its own. */
function runHidden(hide: string, file: string): { status: number | null; stderr: string } {
  return runUnder(['unshare', '-m', 'sh', '-c', `${hide} && exec "$@"`, 'sh'], file);
}

describe.skipIf(!canRunKernel)('hubtop agent says in one line what is missing', () => {
  test('privileges', () => {
    chmodSync(folder, 0o755);
    const unprivileged = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
    expectOneLine(runUnder(unprivileged, bundle), 1, /root|CAP_BPF/);
  });

  test('BTF', () => {
    expectOneLine(runHidden('mount -t tmpfs none /sys/kernel/btf', bundle), 1, /BTF/);
  });

  test('libbpf', () => {
    // the recursive readdir of Node 20 walks in a circle where a library folder links to itself
    const library = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout.match(/libbpf\.so\.1 .*=> (\S+)/)?.[1] ?? '';
    expect(library).not.toBe('');
    expectOneLine(runHidden(`mount --bind /dev/null $(readlink -f ${library})`, bundle), 1, /libbpf/);
  });

  test('koffi, beside a lone bundle', () => {
    const lone = join(folder, 'hubtop.js');
    copyFileSync(bundle, lone);
    expectOneLine(runHidden('true', lone), 1, /koffi/);
  });

  test('the kernel programs, where there was no clang', () => {
    expectOneLine(runHidden(`mount -t tmpfs none ${join(bundle, '../bpf')}`, bundle), 1, /clang/);
  });
});
