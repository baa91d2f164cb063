import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runEffect } from '../../../src/app/effects.ts';

const before = process.cwd();
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubtop-effect-'));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const never = (): string => { throw new Error('nothing was to be copied'); };

describe('runEffect()', () => {
  test('copies, and says what and where', () => {
    expect(runEffect({ type: 'copy', text: 'kubectl', what: 'the command' }, (text) => `copied ${text.length}`)).toBe('copied 7: the command');
  });

  test('writes a new file and never over one that is there', () => {
    const write = (text: string): string => runEffect({ type: 'write', stem: 'allow-checkout', ending: '.yaml', text, what: 'the rule' }, never);
    expect([write('one'), write('two'), write('three')]).toEqual(['the rule is in allow-checkout.yaml', 'the rule is in allow-checkout-2.yaml', 'the rule is in allow-checkout-3.yaml']);
    expect(readFileSync('allow-checkout.yaml', 'utf8')).toBe('one');
    expect(readFileSync('allow-checkout-3.yaml', 'utf8')).toBe('three');
  });

  test('does not follow a link to nowhere that has the name', () => {
    symlinkSync(join(folder, 'elsewhere'), 'x.md');
    expect(runEffect({ type: 'write', stem: 'x', ending: '.md', text: 't', what: 'it' }, never)).toBe('it is in x-2.md');
    expect(readdirSync(folder)).not.toContain('elsewhere');
  });

  test.each([['../../etc/passwd', 'etc-passwd.md'], ['a b/c', 'a-b-c.md'], ['...', 'hubtop.md'], ['\u001b[31m', '31m.md']])('makes a plain file name of the stem %j', (stem, name) => {
    expect(runEffect({ type: 'write', stem, ending: '.md', text: '', what: 'it' }, never)).toBe(`it is in ${name}`);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('says what went wrong instead of throwing', () => {
    writeFileSync('f', '');
    process.chdir('/proc');
    expect(runEffect({ type: 'write', stem: 'x', ending: '.md', text: '', what: 'the rule' }, never)).toMatch(/^cannot write the rule here: /);
  });
});
