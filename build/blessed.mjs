import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'acorn';
import { replaceOnce } from './replace-once.mjs';

const blessedRoot = dirname(createRequire(import.meta.url).resolve('blessed/package.json'));

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

/** blessed with the widgets we use, bundled. */
export const blessedPlugin = {
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
