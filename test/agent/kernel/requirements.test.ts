import { expect, test } from 'vitest';
import { openKernel } from '../../../agent/kernel/open-kernel.ts';
import { readKernelObject, requireBtf, requireLinux, requirePrivileges } from '../../../agent/kernel/requirements.ts';

function status(capabilities: string): string {
  return `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${capabilities}\nCapBnd:\t000001ffffffffff\n`;
}

test.each([
  ['everything (root)', '000001ffffffffff', true],
  ['CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN', '000000c000001000', true],
  ['CAP_SYS_ADMIN and CAP_NET_ADMIN', '0000000000201000', true],
  ['CAP_NET_ADMIN only', '0000000000001000', false],
  ['CAP_BPF and CAP_PERFMON without CAP_NET_ADMIN', '000000c000000000', false],
  ['nothing', '0000000000000000', false],
])('requirePrivileges() with %s', (_what, capabilities, isEnough) => {
  const attempt = (): void => requirePrivileges(status(capabilities));
  if (isEnough) expect(attempt).not.toThrow();
  else expect(attempt).toThrow('hubtop agent needs root (or CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON): run it with sudo');
});

test('requireLinux() says where hubtop agent runs', () => {
  expect(() => requireLinux('darwin')).toThrow('hubtop agent needs Linux, this is darwin');
  expect(() => requireLinux('linux')).not.toThrow();
});

test('requireBtf() says when there is none, and when it cannot be read', () => {
  expect(() => requireBtf(() => { throw new Error('ENOENT'); })).toThrow(/^no BTF at \/sys\/kernel\/btf\/vmlinux: /);
  expect(() => requireBtf(() => new Uint8Array(100))).toThrow(/^cannot read the BTF /);
});

test('readKernelObject() says how to get what is missing', () => {
  expect(() => readKernelObject('/nowhere/hubtop.o')).toThrow('/nowhere/hubtop.o is missing: apt-get install clang libbpf-dev, then npm run build');
});

test.skipIf(process.getuid?.() === 0)('openKernel() without root says so in one line (skipped as root)', () => {
  expect(() => openKernel()).toThrow(/^hubtop agent needs root [^\n]*$/);
});
