import { describe, expect, test } from 'vitest';
import { backgroundOfEnvironment, backgroundOfReply, endsAnswers } from '../../../src/terminal/background.ts';
import { clipboardSequence, MAX_CLIPBOARD_BASE64 } from '../../../src/terminal/clipboard.ts';
import { colourDepth, isOverSsh, speaksXterm, wantsAscii } from '../../../src/terminal/colour-depth.ts';

describe('what TERM stands for', () => {
  test.each([
    // term, colours, ASCII in a UTF-8 locale, swallows what it does not know
    ['tmux-256color', '256', false, true], ['tmux', '16', false, true], ['screen', '16', false, true], ['screen-256color', '256', false, true], ['screen.xterm-256color', '256', false, true],
    ['xterm', '16', false, true], ['xterm-256color', '256', false, true], ['xterm-16color', '16', false, true], ['xterm-mono', 'mono', false, true], ['xterm-direct', '256', false, true],
    ['xterm-kitty', '256', false, true], ['xterm-ghostty', '256', false, true], ['alacritty', '256', false, true], ['foot', '256', false, true], ['foot-extra', '256', false, true],
    ['wezterm', '256', false, true], ['contour', '256', false, true], ['rio', '256', false, true], ['st-256color', '256', false, true], ['rxvt-unicode-256color', '256', false, true], ['rxvt-16color', '16', false, true],
    ['vte-256color', '256', false, true], ['konsole-256color', '256', false, true], ['putty', '16', false, true], ['putty-256color', '256', false, true], ['mintty', '256', false, true],
    ['linux', '16', true, false], ['linux-16color', '16', true, false], ['vt100', 'mono', true, false], ['vt220', 'mono', true, false], ['ansi', '16', true, false], ['cygwin', '16', true, false],
    ['eat-truecolor', '256', false, true], ['sun-color', '16', true, false], ['eterm-color', '16', false, false], ['dumb', 'mono', false, false], ['unknown', 'mono', false, false], ['', '16', false, true],
  ] as const)('TERM=%s: %s colours, ASCII %s, xterm %s', (term, depth, isAscii, isXterm) => {
    const env = { TERM: term, LANG: 'en_US.UTF-8' };
    expect([colourDepth(env), wantsAscii(env), speaksXterm(env)]).toEqual([depth, isAscii, isXterm]);
  });

  test.each([
    [{ TERM: 'xterm', COLORTERM: 'truecolor' }, 'auto', '256'], [{ TERM: 'screen', COLORTERM: '24bit' }, 'auto', '256'], [{ TERM: 'linux', COLORTERM: 'truecolor' }, 'auto', '16'],
    [{ TERM: 'vt100', COLORTERM: 'truecolor' }, 'auto', 'mono'], [{}, 'auto', '16'],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, 'auto', 'mono'], [{ TERM: 'xterm-256color', NO_COLOR: '' }, 'auto', '256'],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, '16', '16'], [{ TERM: 'vt100' }, '256', '256'], [{ TERM: 'xterm-256color' }, 'mono', 'mono'],
  ] as const)('colourDepth(%j, %s) is %s', (env, choice, depth) => {
    expect(colourDepth(env, choice)).toBe(depth);
  });

  test.each([[{ LANG: 'C' }, true], [{ LANG: 'POSIX' }, true], [{ LANG: 'de_DE.ISO-8859-1' }, true], [{ LANG: 'en_US.UTF-8' }, false], [{ LANG: 'C.utf8' }, false], [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, true], [{ LC_CTYPE: 'en_US.UTF-8', LANG: 'C' }, false], [{}, false]])('wantsAscii(%j) is %s', (env, expected) => {
    expect(wantsAscii(env)).toBe(expected);
  });

  test.each([[{}, false], [{ SSH_TTY: '/dev/pts/1' }, true], [{ SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, true]])('isOverSsh(%j) is %s', (env, expected) => {
    expect(isOverSsh(env)).toBe(expected);
  });
});

describe('the background', () => {
  test.each([['15;0', 'dark'], ['0;15', 'light'], ['0;default;15', 'light'], ['0;7', 'light'], ['15;8', 'dark'], ['12;6', 'dark'], ['default;default', undefined], ['', undefined], ['0;', undefined], [undefined, undefined]])('COLORFGBG=%s is %s', (text, expected) => {
    expect(backgroundOfEnvironment({ COLORFGBG: text })).toBe(expected);
  });
  test.each([
    [']11;rgb:0000/0000/0000', 'dark'], [']11;rgb:ffff/ffff/ffff', 'light'], [']11;rgb:fd/f6/e3', 'light'], [']11;rgb:0/2b/36', 'dark'], [']11;rgb:f/f/f', 'light'], [']11;rgba:1e1e/1e1e/2e2e/ffff', 'dark'],
    [']11;rgb:0000/0000/ffff', 'dark'], [']11;rgb:7f/9f/7f', 'light'], [']10;rgb:ffff/ffff/ffff', undefined], [']11;white', undefined], [']11;rgb:ffff/ffff', undefined], ['[?62;4c', undefined], ['', undefined],
  ])('the reply %s is %s', (reply, expected) => {
    expect(backgroundOfReply(reply)).toBe(expected);
  });
  test.each([['[?62;4c', true], ['[?1;2c', true], ['[?6c', true], ['[?2026;2$y', false], [']11;rgb:0/0/0', false], ['[?25h', false]])('%s ends the answers: %s', (reply, expected) => {
    expect(endsAnswers(reply)).toBe(expected);
  });
});

test('clipboardSequence() is plain OSC 52 up to what xterm and tmux take', () => {
  expect(clipboardSequence('hi')).toBe('\x1b]52;c;aGk=\x07');
  expect(clipboardSequence('a'.repeat((MAX_CLIPBOARD_BASE64 / 4) * 3 - 2))).toBeDefined();
  expect(clipboardSequence('a'.repeat((MAX_CLIPBOARD_BASE64 / 4) * 3 + 2))).toBeUndefined();
});
