import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { packParts } from '../../build/parts.mjs';

const folder = mkdtempSync(join(tmpdir(), 'hubtop-parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const parts = { server: /^agent\//, commands: /^cli\// };

/** The program of such files, bundled from main.ts and packed. */
async function packed(files: Record<string, string>): Promise<string> {
  const root = mkdtempSync(join(folder, 'program-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { outputFiles: [output], metafile } = await build({
    absWorkingDir: root, entryPoints: ['main.ts'], outfile: 'out.js', write: false, metafile: true, bundle: true, platform: 'node',
    format: 'cjs', minifyIdentifiers: true, minifySyntax: true, banner: { js: '#!/usr/bin/env node' }, tsconfigRaw: { compilerOptions: { strict: true } },
  });
  return packParts(output?.text ?? '', metafile.inputs, 'main.ts', parts);
}

function run(bundle: string): string[] {
  const path = join(folder, 'bundle.js');
  writeFileSync(path, bundle);
  return execFileSync('node', [path], { encoding: 'utf8' }).trim().split('\n');
}

const shared = 'export class Shared {}; export let count = 0; export const add = () => { count += 1; };';

describe('packParts()', () => {
  test('a part shares classes and variables with the rest, and runs when an import() first leads to it', async () => {
    const bundle = await packed({
      'main.ts': `
        import { Shared, count, add } from './shared.js';
        console.log('main');
        add();
        Promise.all([import('./agent/agent.js'), import('./cli/command.js')]).then(async ([{ made }, { name }]) => {
          console.log(made() instanceof Shared, count, name, (await import('./agent/agent.js')).made === made);
        });`,
      'shared.js': shared,
      'agent/agent.js': "import { Shared, add } from '../shared.js'; console.log('agent'); export const made = () => { add(); return new Shared(); };",
      'cli/command.js': "export const name = 'a text of the command';",
    });
    expect(run(bundle)).toEqual(['main', 'agent', 'true 2 a text of the command true']);
    expect(bundle).not.toContain('a text of the command');
  });

  test('a part reaches another by import(), and a trace names the part', async () => {
    const bundle = await packed({
      'main.ts': "import('./cli/command.js').then(({ start }) => start());",
      'cli/command.js': "export const start = async () => { try { (await import('../agent/agent.js')).fail(); } catch (error) { console.log(error.stack.split('\\n')[1]); } };",
      'agent/agent.js': "export function fail() { throw new Error('failed'); }",
    });
    expect(run(bundle).join()).toMatch(/hubtop-server\.js:\d+:\d+/);
  });

  test('what two parts import stays in the bundle, and a required module packs as well', async () => {
    const bundle = await packed({
      'main.ts': "import('./cli/command.js').then(({ text }) => console.log(text()));import('./agent/agent.js').then(({ text }) => console.log(text));",
      'both.js': "export const both = 'a text of both';",
      'cli/command.js': "import { both } from '../both.js'; export const text = () => both;",
      'agent/agent.js': "import { both } from '../both.js'; import old from './old.cjs'; export const text = both + old.more;",
      'agent/old.cjs': "exports.more = ', and more';",
    });
    expect(run(bundle).toSorted()).toEqual(['a text of both', 'a text of both, and more']);
    expect(bundle).toContain('a text of both');
    expect(bundle).not.toContain(', and more');
  });
});
