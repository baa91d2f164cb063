// Builds dist/hubtop.js (one CommonJS file), dist/bpf/hubtop.o where a clang is
// installed, and dist/bench/bench.js. A plain script: it runs before there is anything to import.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { build } from 'esbuild';
import { blessedPlugin } from './build/blessed.mjs';
import { descriptorsPlugin } from './build/descriptors.mjs';
import { grpcPlugin, wholeGrpcPlugin } from './build/grpc.mjs';
import { histogramPlugin } from './build/histogram.mjs';
import { compileKernelPrograms } from './build/kernel-programs.mjs';
import { packParts } from './build/parts.mjs';
import { protobufPlugin } from './build/protobuf.mjs';
import { contribPlugin } from './build/wall-grid.mjs';

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi'],
  plugins: [blessedPlugin, contribPlugin, histogramPlugin, protobufPlugin, descriptorsPlugin, grpcPlugin],
  logLevel: 'warning',
  legalComments: 'none',
  // one sign beyond Latin-1 and V8 keeps the whole source in two bytes a character: 1.5 MB of every process
  charset: 'ascii',
};

// What no dashboard runs: agents, relays and demos, and the other commands. Workers start for an agent's sake and need no command.
const PARTS = { server: /^agent\/|^src\/relay\/|^grpc-server:/, commands: /^src\/cli\/(?!(dashboard|worker-roles)\.ts)/ };

async function bundleProgram() {
  const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
  const entry = 'src/main.ts';
  const { outputFiles: [output], metafile } = await build({
    ...common,
    entryPoints: [entry],
    outfile: 'dist/hubtop.js',
    write: false,
    minifyIdentifiers: true,
    minifySyntax: true,
    metafile: true,
    banner: { js: '#!/usr/bin/env node' },
    define: { HUBTOP_BUNDLE: 'true', HUBTOP_PACKAGE_VERSION: JSON.stringify(version) },
  });
  // what esbuild leaves as it is are regular expressions, in which an escape means the same
  const text = output.text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  writeFileSync('dist/hubtop.js', await packParts(text, metafile.inputs, entry, PARTS));
  // test/bundle.test.ts reads it: what the dashboard loads at start, and the size
  writeFileSync('dist/meta.json', JSON.stringify(metafile));
}

async function bundleBench() {
  if (!existsSync('test/bench/main.ts')) return;
  await build({
    ...common,
    entryPoints: ['test/bench/main.ts'],
    outfile: 'dist/bench/bench.js',
    // its memory is measured as that of the program, and V8 keeps the source
    minify: true,
    plugins: common.plugins.map((plugin) => (plugin === grpcPlugin ? wholeGrpcPlugin : plugin)),
    define: { HUBTOP_BUNDLE: 'true' },
  });
}

process.chdir(resolve(dirname(new URL(import.meta.url).pathname)));
mkdirSync('dist', { recursive: true });
compileKernelPrograms();
await bundleProgram();
await bundleBench();
const kilobytes = (statSync('dist/hubtop.js').size / 1024).toFixed(0);
console.error(`build: dist/hubtop.js ${kilobytes} KB${existsSync('dist/bpf/hubtop.o') ? ', dist/bpf/hubtop.o' : ''}`);
