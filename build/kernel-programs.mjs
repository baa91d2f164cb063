import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Compiles the kernel programs; without clang the rest of hubtop works, and the agent says what is missing. */
export function compileKernelPrograms() {
  const source = 'bpf/hubtop.bpf.c';
  const object = 'dist/bpf/hubtop.o';
  if (!existsSync(source)) return;
  if (spawnSync('clang', ['--version'], { stdio: 'ignore' }).status !== 0) {
    rmSync(object, { force: true });
    console.error('build: no clang, so no kernel programs (demo and dashboard do not need them): apt-get install clang libbpf-dev');
    return;
  }
  if (!existsSync('/usr/include/bpf/bpf_helpers.h')) {
    rmSync(object, { force: true });
    console.error('build: no libbpf headers, so no kernel programs (demo and dashboard do not need them): apt-get install libbpf-dev');
    return;
  }
  mkdirSync(dirname(object), { recursive: true });
  const triplet = spawnSync('clang', ['-print-multiarch'], { encoding: 'utf8' }).stdout?.trim() || 'x86_64-linux-gnu';
  const machine = { x64: 'x86', arm64: 'arm64' }[process.arch] ?? process.arch;
  execFileSync(
    'clang',
    ['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-D__TARGET_ARCH_${machine}`, '-Wall', '-Werror', '-Wno-unused-function',
      '-I', 'bpf', '-I', join('/usr/include', triplet), '-c', source, '-o', object],
    { stdio: 'inherit' },
  );
  // the line tables are for people with a debugger; the agent wants BTF only
  spawnSync('llvm-strip', ['-g', object], { stdio: 'ignore' });
}
