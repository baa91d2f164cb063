import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/cli/command.ts';
import { FlagValues, parseFlags } from '../../../src/cli/flags.ts';
import { lookFlags, readLook } from '../../../src/cli/look-flags.ts';
import { requireTerminal } from '../../../src/cli/screen-flags.ts';
import { THEMES } from '../../../src/theme/theme.ts';
import { fakeContext } from './fake-context.ts';

function read(args: string[], env: Record<string, string> = {}) {
  const result = parseFlags(lookFlags, args);
  if (!result.ok) throw new Error(result.error);
  return readLook(new FlagValues(result.parsed.given), env);
}

describe('readLook()', () => {
  test.each<[string[], Record<string, string>, string | undefined]>([
    [[], {}, undefined], [['--theme', 'wall'], {}, 'wall'], [[], { HUBTOP_THEME: 'quiet' }, 'quiet'], [['--theme=light'], { HUBTOP_THEME: 'quiet' }, 'light'], [[], { HUBTOP_THEME: '' }, undefined], [['--theme=dark'], { HUBTOP_THEME: 'nonsense' }, 'dark'],
  ])('theme of %j with %j is %s', (args, env, name) => {
    expect(read(args, env).theme?.name).toBe(name);
  });
  test('a wrong name lists all names, and says where it stood', () => {
    const all = THEMES.map(({ name }) => name).join(', ');
    expect(() => read(['--theme', 'solarized'])).toThrow(new UsageError(`unknown theme "solarized": there is ${all}`));
    expect(() => read([], { HUBTOP_THEME: 'solarized' })).toThrow(new UsageError(`unknown theme "solarized" in HUBTOP_THEME: there is ${all}`));
  });
  test.each([[[], 'auto'], [['--color', 'mono'], 'mono'], [['--color=16'], '16'], [['--color=256'], '256'], [['--color=auto'], 'auto']])('colours of %j are %s', (args, colour) => {
    expect(read(args).colour).toBe(colour);
  });
  test.each(['always', '8', '', 'truecolor'])('--color %j is refused with what there is', (text) => {
    expect(() => read([`--color=${text}`])).toThrow(/auto, 256, 16, mono/);
  });
  test.each([[[], undefined], [['--ascii'], true], [['--ascii=false'], false]])('ASCII of %j is %s', (args, isAscii) => {
    expect(read(args).isAscii).toBe(isAscii);
  });
});

test.each(['dumb', 'unknown'])('requireTerminal() refuses TERM=%s, which cannot move its cursor', (TERM) => {
  const context = { ...fakeContext(), stdoutIsTty: true, stdinIsTty: true };
  expect(() => requireTerminal({ ...context, env: { TERM } }, 'use --batch')).toThrow(`this terminal (TERM=${TERM}) cannot move its cursor: use --batch`);
  expect(() => requireTerminal({ ...context, env: { TERM: 'vt100' } }, 'use --batch')).not.toThrow();
});
