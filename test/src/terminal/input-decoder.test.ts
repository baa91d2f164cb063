import { describe, expect, test } from 'vitest';
import { InputDecoder } from '../../../src/terminal/input-decoder.ts';

const replies: string[] = [];

/** Decodes chunks; between two chunks the ESC timer does not fire, after the last one it does. */
function decode(...chunks: (string | number[])[]): string[] {
  const got: string[] = [];
  let timer: (() => void) | undefined;
  const decoder = new InputDecoder({
    onKey: (key) => got.push(key), onPaste: (text) => got.push(`paste:${text}`), onReply: (reply) => replies.push(reply), escapeMs: 50,
    later: (_ms, run) => {
      timer = run;
      return () => {
        timer = undefined;
      };
    },
  });
  for (const chunk of chunks) decoder.feed(typeof chunk === 'string' ? Buffer.from(chunk) : Uint8Array.from(chunk));
  timer?.();
  return got;
}

const sequences: [string, string, string[]][] = [
  ['letters', 'jjj', ['j', 'j', 'j']],
  ['arrow up', '\x1b[A', ['up']],
  ['application arrow', '\x1bOB', ['down']],
  ['two arrows', '\x1b[A\x1b[B', ['up', 'down']],
  ['page down', '\x1b[6~', ['pagedown']],
  ['home of linux', '\x1b[1~', ['home']],
  ['end', '\x1b[F', ['end']],
  ['shift-tab', '\x1b[Z', ['S-tab']],
  ['shift-up', '\x1b[1;2A', ['up']],
  ['ctrl-left', '\x1b[1;5D', ['C-left']],
  ['CR once', '\r', ['enter']],
  ['control keys', '\x03\x04\x0c\x15\x1a', ['C-c', 'C-d', 'C-l', 'C-u', 'C-z']],
  ['tab, space, backspace', '\t \x7f', ['tab', 'space', 'backspace']],
  ['cursor report', '\x1b[5;1R', []],
  ['device attributes', '\x1b[?62;4c', []],
  ['mode report', '\x1b[?2026;2$y', []],
  ['focus', '\x1b[I\x1b[O', []],
  ['mouse', '\x1b[<0;10;5M\x1b[<0;10;5m', []],
  ['colour reply', '\x1b]11;rgb:0000/0000/0000\x1b\\q', ['q']],
  ['colour reply with BEL', '\x1b]11;rgb:0000\x07q', ['q']],
  ['device string', '\x1bP1$r0m\x1b\\', []],
  ['number pad in application mode', '\x1bOq\x1bOy\x1bOM', ['1', '9', 'enter']],
  ['an old mouse report, left on by another program', '\x1b[M !!j', ['j']],
  ['alt-O typed by hand, then an answer', '\x1bO\x1b[0nj', ['j']],
  ['an old mouse report that breaks off', '\x1b[M \x1b[A', ['up']],
  ['Esc, then an answer', '\x1b\x1b[0nj', ['escape', 'j']],
  ['a mouse report of urxvt', '\x1b[32;10;5Mj', ['j']],
  ['kitty capability reply', '\x1b_Gi=1;OK\x1b\\j', ['j']],
  ['clipboard reply', '\x1b]52;c;cWQv\x07j', ['j']],
  ['alt-] typed by hand, then an arrow', '\x1b]\x1b[A', ['up']],
  ['alt-P and ^c', '\x1bP\x03', ['C-c']],
  ['a string that a line end breaks off', '\x1b]11;rgb\rj', ['enter', 'j']],
  ['unknown function key', '\x1b[24~', []],
  ['kitty escape', '\x1b[27u', []],
  ['paste', '\x1b[200~qd/\x1b[201~x', ['paste:qd/', 'x']],
  ['paste with ESC inside', '\x1b[200~a\x1b[Ab\x1b[201~', ['paste:a\x1b[Ab']],
  ['paste with an answer inside', '\x1b[200~a\x1b[0nb\x1b[201~', ['paste:ab']],
  ['e acute', 'é', ['é']],
  ['emoji', '🍌', ['🍌']],
];

describe('InputDecoder', () => {
  test.each(sequences)('%s', (_name, text, keys) => {
    expect(decode(text)).toEqual(keys);
  });

  test.each(sequences)('%s, split at every byte', (_name, text, keys) => {
    const bytes = [...Buffer.from(text)];
    for (let at = 1; at < bytes.length; at++) expect(decode(bytes.slice(0, at), bytes.slice(at))).toEqual(keys);
    expect(decode(...bytes.map((byte) => [byte]))).toEqual(keys);
  });

  test('a lone ESC is Escape when its time is over', () => {
    expect(decode('\x1b')).toEqual(['escape']);
    expect(decode('\x1b\x1b[A')).toEqual(['escape', 'up']);
    expect(decode('\x1bx')).toEqual(['escape', 'x']);
  });

  test('an endless sequence ends at its bound, an endless paste too', () => {
    expect(decode(`\x1b[${'1;'.repeat(100)}`).every((key) => '1;'.includes(key))).toBe(true);
    const [pasted = ''] = decode(`\x1b[200~${'a'.repeat(100_000)}\x1b[201~`);
    expect(pasted.length).toBeLessThan(5000);
  });

  test.each([
    ['\x1b]11;rgb:0000/0000/0000\x1b\\', [']11;rgb:0000/0000/0000']], ['\x1b]11;rgb:0/0/0\x07', [']11;rgb:0/0/0']], ['\x1b[?62;4c', ['[?62;4c']], ['\x1b[?2026;2$y', ['[?2026;2$y']], ['\x1b[5;1R', ['[5;1R']], ['\x1b[0n', ['[0n']], ['\x1b[>41;366c', []],
  ])('%j is an answer, whole and in pieces', (text, expected) => {
    for (const chunks of [[text], [...text]]) {
      replies.length = 0;
      expect(decode(...chunks)).toEqual([]);
      expect(replies).toEqual(expected);
    }
  });

  test('a string that never ends does not hang the keyboard: its time runs out, ^c goes through at once', () => {
    const keys: string[] = [];
    const timers: (() => void)[] = [];
    const decoder = new InputDecoder({ onKey: (key) => keys.push(key), onPaste: () => {}, escapeMs: 50, later: (_ms, run) => {
      timers.push(run);
      return () => {};
    } });
    decoder.feed(Buffer.from('\x1b]jjj'));
    expect(keys).toEqual([]);
    timers.at(-1)?.();
    decoder.feed(Buffer.from('j'));
    expect(keys).toEqual(['j']);
    decoder.feed(Buffer.from(`\x1b]${'x'.repeat(100_000)}`));
    decoder.feed(Buffer.from('\x03'));
    expect(keys).toEqual(['j', 'C-c']);
    decoder.close();
  });

  test('pasted text of every key is one paste, however it is cut', () => {
    const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
    const bytes = [...Buffer.from(`\x1b[200~${all}\r\x03\x1a\x1b[201~`)];
    for (let at = 1; at < bytes.length; at++) expect(decode(bytes.slice(0, at), bytes.slice(at))).toEqual([`paste:${all}\r\x03\x1a`]);
  });

  test('C1 controls are no keys', () => {
    expect(decode('\u009b31m')).toEqual(['3', '1', 'm']);
  });
});
