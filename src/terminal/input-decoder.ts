// parser of one format: what terminals send
import { StringDecoder } from 'node:string_decoder';

/** How long a lone ESC waits for the rest of a sequence; longer over SSH, where packets split. */
export const ESCAPE_MS = 50;
export const ESCAPE_SSH_MS = 100;
/** How long a string that the terminal began may pause before it counts as broken off: Alt-] begins one too. */
export const STRING_MS = 1_000;
/** Longest control sequence, and what is kept of a string; what is longer is dropped. */
const MAX_SEQUENCE = 64;
const MAX_STRING = 1_024;
/** Bytes after `ESC [ M`: button, column, row of an old mouse report. */
const OLD_MOUSE_BYTES = 3;
/** Longest paste that is handed on. */
const MAX_PASTE = 4_096;

/** What the decoder says: a key by name (`a`, `up`, `C-d`, `S-tab`, `enter`), or pasted text. */
export interface InputEvents {
  onKey(key: string): void;
  onPaste(text: string): void;
  /** What the terminal answered, without its ESC and its end: `]11;rgb:0000/0000/0000`, `[?62;4c`. */
  onReply?(reply: string): void;
  /** Calls back after ms; gives the way to cancel. Passed in so that tests own the time. */
  later(ms: number, run: () => void): () => void;
  escapeMs: number;
}

const FINAL_KEYS: Readonly<Record<string, string>> = { A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end', Z: 'S-tab' };
// the number pad of a terminal that another program left in application mode
const PAD_KEYS: Readonly<Record<string, string>> = { M: 'enter', I: 'tab', j: '*', k: '+', m: '-', n: '.', o: '/', ...Object.fromEntries([...'pqrstuvwxy'].map((letter, digit) => [letter, String(digit)])) };
const TILDE_KEYS: Readonly<Record<string, string>> = { 1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'pageup', 6: 'pagedown', 7: 'home', 8: 'end' };
const CONTROL_KEYS: Readonly<Record<string, string>> = { '\r': 'enter', '\n': 'enter', '\t': 'tab', '\x7f': 'backspace', '\b': 'backspace', ' ': 'space' };
const PROBE_ANSWER = '\x1b[0n';
const PASTE_END = '\x1b[201~';

type Mode = 'text' | 'escape' | 'csi' | 'ss3' | 'mouse' | 'string' | 'string-escape' | 'paste';

/** Turns the bytes of a terminal into keys. Survives any split of a sequence; replies of the terminal are swallowed. */
export class InputDecoder {
  private mode: Mode = 'text';
  private sequence = '';
  private paste = '';
  private mouseBytes = 0;
  private cancel: (() => void) | undefined;
  private readonly utf8 = new StringDecoder('utf8');

  constructor(private readonly events: InputEvents) {}

  feed(chunk: Uint8Array): void {
    for (const character of this.utf8.write(Buffer.from(chunk))) this.step(character);
  }

  /** Stops the timer. */
  close(): void {
    this.cancel?.();
  }

  private step(character: string): void {
    switch (this.mode) {
      case 'text': return this.stepText(character);
      case 'escape': return this.stepEscape(character);
      case 'csi': return this.stepCsi(character);
      case 'ss3':
        this.mode = 'text';
        return character === '\x1b' ? this.step(character) : this.emit(FINAL_KEYS[character] ?? PAD_KEYS[character]);
      case 'mouse':
        if (--this.mouseBytes === 0 || character === '\x1b') this.mode = 'text';
        return character === '\x1b' ? this.step(character) : undefined;
      case 'string': return this.stepString(character);
      case 'string-escape':
        if (character === '\\') return this.finishString();
        return this.stepEscape(character);
      case 'paste': return this.stepPaste(character);
    }
  }

  private stepText(character: string): void {
    if (character === '\x1b') {
      this.mode = 'escape';
      this.cancel = this.events.later(this.events.escapeMs, () => {
        if (this.mode !== 'escape') return;
        this.mode = 'text';
        this.events.onKey('escape');
      });
      return;
    }
    const named = CONTROL_KEYS[character];
    if (named !== undefined) return this.emit(named);
    const code = character.codePointAt(0) ?? 0;
    if (code >= 1 && code <= 26) return this.emit(`C-${String.fromCharCode(96 + code)}`);
    if (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code < 0xa0)) this.emit(character);
  }

  private stepEscape(character: string): void {
    this.cancel?.();
    this.sequence = '';
    if (character === '[') this.mode = 'csi';
    else if (character === 'O') this.mode = 'ss3';
    else if (character === ']' || character === 'P' || character === '_' || character === '^' || character === 'X') this.beginString(character);
    else {
      this.mode = 'text';
      this.events.onKey('escape');
      // ESC ESC: the second one may begin a sequence
      this.step(character);
    }
  }

  // a string ends with ST, BEL or any other control: the keyboard must not hang on what was never one
  private stepString(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\x07' || character === '\u009c') return this.finishString();
    if (character === '\x1b') {
      this.mode = 'string-escape';
      return;
    }
    if (code < 0x20) {
      this.leaveString();
      return this.step(character);
    }
    if (this.sequence.length < MAX_STRING) this.sequence += character;
    this.watchString();
  }

  private beginString(introducer: string): void {
    this.mode = 'string';
    this.sequence = introducer;
    this.watchString();
  }

  private watchString(): void {
    this.cancel?.();
    this.cancel = this.events.later(STRING_MS, () => {
      if (this.mode === 'string' || this.mode === 'string-escape') this.mode = 'text';
    });
  }

  private leaveString(): void {
    this.cancel?.();
    this.mode = 'text';
  }

  private finishString(): void {
    this.leaveString();
    this.events.onReply?.(this.sequence);
  }

  // after ESC [ there is no time limit: only a final byte, a new ESC or the cap ends it
  private stepCsi(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\x1b') {
      this.mode = 'text';
      return this.step(character);
    }
    if (code < 0x40 || code > 0x7e) {
      this.sequence += character;
      if (this.sequence.length > MAX_SEQUENCE) this.mode = 'text';
      return;
    }
    this.mode = 'text';
    this.finishCsi(this.sequence, character);
  }

  private finishCsi(parameters: string, final: string): void {
    if (parameters === '200' && final === '~') {
      this.mode = 'paste';
      this.paste = '';
      return;
    }
    if (parameters === '' && final === 'M') {
      this.mode = 'mouse';
      this.mouseBytes = OLD_MOUSE_BYTES;
      return;
    }
    if (parameters.startsWith('?') || final === 'n' || final === 'R') return this.events.onReply?.(`[${parameters}${final}`);
    // other replies, mouse and focus reports are nobody's keys
    if (/^[<>=]/.test(parameters) || final === 'c' || final === 'I' || final === 'O' || final === 'M') return;
    const [first = '', modifier = '1'] = parameters.split(';');
    const key = final === '~' ? TILDE_KEYS[first] : FINAL_KEYS[final];
    const isControl = ((Number.parseInt(modifier, 10) - 1) & 4) !== 0;
    this.emit(key === undefined || !isControl ? key : `C-${key}`);
  }

  private stepPaste(character: string): void {
    this.paste += character;
    if (this.paste.endsWith(PASTE_END)) {
      this.mode = 'text';
      // a terminal that pastes slowly answers in between
      const parts = this.paste.slice(0, -PASTE_END.length).split(PROBE_ANSWER);
      for (let answers = parts.length - 1; answers > 0; answers--) this.events.onReply?.(PROBE_ANSWER.slice(1));
      this.events.onPaste(parts.join('').slice(0, MAX_PASTE));
    } else if (this.paste.length > MAX_PASTE * 2) {
      this.paste = this.paste.slice(0, MAX_PASTE) + this.paste.slice(-PASTE_END.length);
    }
  }

  private emit(key: string | undefined): void {
    if (key !== undefined) this.events.onKey(key);
  }
}
