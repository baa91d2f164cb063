// Builds dist/hubtop.js (one CommonJS file), dist/bpf/hubtop.o where a clang is
// installed, and dist/bench/bench.js. A plain script: it runs before there is anything to import.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { parse } from 'acorn';
import { build, transform } from 'esbuild';
import { packParts } from './build/parts.mjs';
import { pruneGoogleProtobuf } from './src/wire/prune-google-protobuf.mjs';

const require = createRequire(import.meta.url);
const blessedRoot = dirname(require.resolve('blessed/package.json'));

/** Text replacement that fails loudly when a package is not the version this was written for. */
function replaceOnce(text, from, to) {
  if (!text.includes(from)) throw new Error(`build: a package has changed, no "${from}" in it`);
  return text.replace(from, to);
}

// blessed finds its widgets with a computed require and its terminfo through
// __dirname; neither survives bundling. Widgets become static requires, and the
// one terminfo entry we use (xterm-256color, depth is chosen by us) is embedded.
// Widgets the screen itself and the wall's grid are made of; the other twenty are a quarter of blessed.
const KEPT_WIDGETS = ['Node', 'Screen', 'Element', 'Box', 'Text', 'Line', 'ScrollableBox', 'ScrollableText', 'Log'];

// What blessed does with a mouse, with answers of a terminal and with termcap files: input and questions are ours, the one terminfo is embedded.
// Their bodies go, since other methods that stay call some of them.
const EMPTIED = {
  'program.js': ['_bindResponse', '_bindMouse', 'setMouse', 'enableGpm', 'enableMouse'],
  'tput.js': ['_captoinfo', 'readTermcap', 'parseTermcap', 'translateTermcap'],
  'widgets/screen.js': ['_listenMouse', 'screenshot', 'spawn', 'exec', 'readEditor'],
};

/** The source of a file of blessed with the bodies of such methods taken out; throws where one is not found. */
function emptied(source, file) {
  const wanted = EMPTIED[file];
  const found = parse(source, { ecmaVersion: 2022, sourceType: 'script' }).body.flatMap(({ expression }) => {
    const name = expression?.type === 'AssignmentExpression' && expression.left.object?.property?.name === 'prototype' ? expression.left.property.name : '';
    return wanted.includes(name) && expression.right.type === 'FunctionExpression' ? [{ name, body: expression.right.body }] : [];
  });
  const missing = wanted.filter((name) => !found.some((one) => one.name === name));
  if (missing.length > 0) throw new Error(`build: blessed has changed, no ${missing.join(', ')} in ${file}`);
  return found.reduceRight((text, { body }) => `${text.slice(0, body.start)}{}${text.slice(body.end)}`, source);
}

const blessedPlugin = {
  name: 'blessed',
  setup(pluginBuild) {
    // the mouse of a Linux console without X
    pluginBuild.onResolve({ filter: /gpmclient$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
    pluginBuild.onResolve({ filter: /^(term\.js|pty\.js)$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'absent' }, (args) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${args.path} is not bundled`)}); };`,
    }));
    pluginBuild.onLoad({ filter: /blessed[\\/]lib[\\/]widget\.js$/ }, (args) => {
      const source = readFileSync(args.path, 'utf8');
      const names = [...source.matchAll(/^ {2}'([A-Za-z]+)',?$/gm)].map((match) => match[1]);
      if (!names.includes('Screen')) throw new Error('build: blessed has changed, its widget list is not found');
      const missing = KEPT_WIDGETS.filter((name) => !names.includes(name));
      if (missing.length > 0) throw new Error(`build: blessed has changed, no widget ${missing.join(', ')}`);
      const lines = KEPT_WIDGETS.map((name) => {
        const lower = name.toLowerCase();
        return `exports.${name} = exports.${lower} = require('./widgets/${lower}');`;
      });
      lines.push(`exports.classes = ${JSON.stringify(KEPT_WIDGETS)};`, 'exports.aliases = {};');
      return { contents: lines.join('\n'), resolveDir: dirname(args.path), loader: 'js' };
    });
    for (const file of ['program.js', 'widgets/screen.js']) {
      pluginBuild.onLoad({ filter: new RegExp(`blessed/lib/${file}$`) }, (args) => ({ contents: emptied(readFileSync(args.path, 'utf8'), file), resolveDir: dirname(args.path), loader: 'js' }));
    }
    pluginBuild.onLoad({ filter: /blessed[\\/]lib[\\/]tput\.js$/ }, (args) => {
      const terminfo = readFileSync(join(blessedRoot, 'usr/xterm-256color')).toString('base64');
      const name = "path.resolve('/hubtop/terminfo/x/xterm-256color')";
      let source = emptied(readFileSync(args.path, 'utf8'), 'tput.js');
      source = replaceOnce(source, 'data = fs.readFileSync(file);', `data = Buffer.from(${JSON.stringify(terminfo)}, 'base64');`);
      source = replaceOnce(source, "this.injectTerminfo(__dirname + '/../usr/xterm')", `this.injectTerminfo(${name})`);
      source = replaceOnce(source, "this.injectTerminfo(__dirname + '/../usr/' + name)", `this.injectTerminfo(${name})`);
      return { contents: source, resolveDir: dirname(args.path), loader: 'js' };
    });
  },
};

// The wall's grid is five files of contrib; what they drag in is cut to what they call: lodash's max, two matrix types.
const contribPlugin = {
  name: 'contrib',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^(lodash|gl-matrix)$/ }, (args) => ({ path: args.path, namespace: 'cut' }));
    // a constructor that prints a warning outside of node_modules, and a bundle is outside
    pluginBuild.onLoad({ filter: /drawille-blessed-contrib[\\/]index\.js$/ }, (args) => ({ contents: replaceOnce(readFileSync(args.path, 'utf8'), 'new Buffer(', 'Buffer.alloc('), loader: 'js' }));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'cut' }, (args) => ({
      contents: args.path === 'lodash'
        ? 'exports.max = (list, of) => list.reduce((most, one) => (of(one) > of(most) ? one : most), list[0]);'
        : "export * as mat2d from 'gl-matrix/src/gl-matrix/mat2d.js';\nexport * as vec2 from 'gl-matrix/src/gl-matrix/vec2.js';",
      resolveDir: process.cwd(), loader: 'js',
    }));
  },
};

// Of the histogram counts go in and percentiles come out; walking over it and printing it as text are left out.
const histogramPlugin = {
  name: 'histogram',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^\.\/(PercentileIterator|RecordedValuesIterator|formatters)$/ }, (args) => (/hdr-histogram-js/.test(args.importer) ? { path: args.path, namespace: 'uncounted' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'uncounted' }, () => ({ contents: 'exports.default = class {};' }));
  },
};

/** Every name that stands in our sources. */
function ourWords() {
  const words = new Set();
  for (const folder of ['src', 'agent', 'test/bench']) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) for (const [word] of readFileSync(join(folder, name), 'utf8').matchAll(/[A-Za-z_$][\w$]*/g)) words.add(word);
    }
  }
  return words;
}

const protobufPlugin = {
  name: 'google-protobuf',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /google-protobuf[\\/]google-protobuf\.js$/ }, (args) => ({ contents: pruneGoogleProtobuf(readFileSync(args.path, 'utf8'), ourWords()), loader: 'js' }));
  },
};

// Of grpc-js only the server is used: calls to others go through src/rpc/channel.ts. Its index would bring channels, load balancers and
// proto-loader (for channelz and ORCA, which nobody here serves); what its server needs of them is the resolvers, to listen.
const grpcPlugin = {
  name: 'grpc',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^@grpc\/proto-loader$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
    pluginBuild.onResolve({ filter: /^\.\/(make-client|channel-credentials)$/ }, (args) => (/grpc-js/.test(args.importer) ? { path: args.path, namespace: 'grpc-client' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-client' }, () => ({ contents: '' }));
    // counts for channelz, which is switched off; service configs are for clients that look servers up; of its package the server tells the version
    pluginBuild.onResolve({ filter: /^(\.\/(channelz|service-config)|\.\.\/\.\.\/package\.json)$/ }, (args) => (/grpc-js/.test(args.importer) ? { path: args.path, namespace: 'grpc-uncounted' } : undefined));
    pluginBuild.onLoad({ filter: /channelz/, namespace: 'grpc-uncounted' }, () => ({
      contents: `
        class Uncounted { addTrace() {} addCallStarted() {} addCallSucceeded() {} addCallFailed() {} refChild() {} unrefChild() {} }
        for (const name of ['Trace', 'CallTracker', 'ChildrenTracker']) exports['Channelz' + name] = exports['Channelz' + name + 'Stub'] = Uncounted;
        exports.registerChannelzServer = exports.registerChannelzSocket = (name) => ({ kind: 'none', id: -1, name });
        exports.unregisterChannelzRef = () => {};
      `,
    }));
    pluginBuild.onLoad({ filter: /service-config/, namespace: 'grpc-uncounted' }, () => ({ contents: 'exports.extractAndSelectServiceConfig = () => null;' }));
    pluginBuild.onLoad({ filter: /package/, namespace: 'grpc-uncounted' }, () => ({ contents: `exports.version = ${JSON.stringify(require('@grpc/grpc-js/package.json').version)};` }));
    // load reports to load balancers, off unless a server asks for them
    pluginBuild.onResolve({ filter: /^\.\/orca$/ }, (args) => (/server-interceptors/.test(args.importer) ? { path: args.path, namespace: 'grpc-orca' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-orca' }, () => ({ contents: "exports.GRPC_METRICS_HEADER = 'endpoint-load-metrics-bin'; exports.PerRequestMetricRecorder = class {};" }));
    pluginBuild.onResolve({ filter: /^@grpc\/grpc-js$/ }, (args) => (args.kind === 'dynamic-import' ? { path: args.path, namespace: 'grpc-server' } : undefined));
    pluginBuild.onLoad({ filter: /.*/, namespace: 'grpc-server' }, () => ({
      resolveDir: process.cwd(),
      contents: `
        for (const name of [require('@grpc/grpc-js/build/src/resolver-dns'), require('@grpc/grpc-js/build/src/resolver-uds'), require('@grpc/grpc-js/build/src/resolver-ip')]) name.setup();
        exports.Server = require('@grpc/grpc-js/build/src/server').Server;
        exports.ServerCredentials = require('@grpc/grpc-js/build/src/server-credentials').ServerCredentials;
        exports.Metadata = require('@grpc/grpc-js/build/src/metadata').Metadata;
        exports.logVerbosity = require('@grpc/grpc-js/build/src/constants').LogVerbosity;
        exports.setLogVerbosity = require('@grpc/grpc-js/build/src/logging').setLoggerVerbosity;
      `,
    }));
  },
};

// the bench measures grpc-js as it comes, client and all
const wholeGrpcPlugin = {
  name: 'whole-grpc',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^@grpc\/proto-loader$/ }, (args) => ({ path: args.path, namespace: 'absent' }));
  },
};

// The descriptors for gRPC reflection are 40 KB of base64 that a dashboard never looks at: packed they are a quarter.
const descriptorsPlugin = {
  name: 'descriptors',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /wire[\\/]gen[\\/]descriptors\.ts$/ }, async (args) => {
      const { code } = await transform(readFileSync(args.path, 'utf8'), { loader: 'ts', format: 'esm' });
      const { protoFiles } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
      const files = protoFiles.map((file) => ({ ...file, base64: Buffer.from(file.base64, 'base64').toString('latin1') }));
      const packed = deflateRawSync(JSON.stringify(files), { level: 9 }).toString('base64');
      return {
        loader: 'js', resolveDir: dirname(args.path),
        contents: `
          import { inflateRawSync } from 'node:zlib';
          export const protoFiles = JSON.parse(inflateRawSync(Buffer.from('${packed}', 'base64')).toString()).map((file) => ({ ...file, base64: Buffer.from(file.base64, 'latin1').toString('base64') }));
        `,
      };
    });
  },
};

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

// What runs in agents, relays and demos, and in no dashboard.
const PARTS = { server: /^agent\/|^src\/relay\/|^grpc-server:/ };

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

/** Compiles the kernel programs; without clang the rest of hubtop works, and the agent says what is missing. */
function compileKernelPrograms() {
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

process.chdir(resolve(dirname(new URL(import.meta.url).pathname)));
mkdirSync('dist', { recursive: true });
compileKernelPrograms();
await bundleProgram();
await bundleBench();
const kilobytes = (statSync('dist/hubtop.js').size / 1024).toFixed(0);
console.error(`build: dist/hubtop.js ${kilobytes} KB${existsSync('dist/bpf/hubtop.o') ? ', dist/bpf/hubtop.o' : ''}`);
