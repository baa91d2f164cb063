/** An expression that cannot be read or is too large; the message is Go's. */
export class ExpressionError extends Error {}

/** Whether a place between two characters fits; -1 where the text begins or ends. */
export type PlaceTest = (before: number, after: number) => boolean;

/** An expression, taken apart. */
export type ExpressionNode =
  | { kind: 'take'; accepts: (code: number) => boolean }
  | { kind: 'place'; test: PlaceTest }
  | { kind: 'sequence'; parts: ExpressionNode[] }
  | { kind: 'choice'; options: ExpressionNode[] }
  | { kind: 'repeat'; part: ExpressionNode; least: number; most: number };

/** Go's bounds of `{n,m}` and of how deep groups may stand in each other; ours is smaller, since we read recursively. */
const maxRepeat = 1_000;
const maxDepth = 200;

interface Flags {
  isFolded: boolean;
  isMultiLine: boolean;
  dotTakesNewline: boolean;
}

type CharTest = (code: number) => boolean;

const newline = 10;
const isDigit: CharTest = (code) => code >= 48 && code <= 57;
const isSpace: CharTest = (code) => code === 32 || code === 9 || code === 10 || code === 12 || code === 13;
const isLower: CharTest = (code) => code >= 97 && code <= 122;
const isUpper: CharTest = (code) => code >= 65 && code <= 90;
const isWord: CharTest = (code) => isDigit(code) || isLower(code) || isUpper(code) || code === 95;
const isGraph: CharTest = (code) => code > 32 && code < 127;
const isAlnum: CharTest = (code) => isDigit(code) || isLower(code) || isUpper(code);

const posixClasses = new Map<string, CharTest>([
  ['alnum', isAlnum], ['alpha', (code) => isLower(code) || isUpper(code)], ['ascii', (code) => code < 128],
  ['blank', (code) => code === 32 || code === 9], ['cntrl', (code) => code < 32 || code === 127], ['digit', isDigit], ['graph', isGraph],
  ['lower', isLower], ['print', (code) => code >= 32 && code < 127], ['punct', (code) => isGraph(code) && !isAlnum(code)],
  ['space', (code) => isSpace(code) || code === 11], ['upper', isUpper], ['word', isWord],
  ['xdigit', (code) => isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)],
]);

const perlClasses = new Map<string, CharTest>([['d', isDigit], ['s', isSpace], ['w', isWord]]);

const escapes = new Map([['a', 7], ['f', 12], ['t', 9], ['n', 10], ['r', 13], ['v', 11]]);

const textStart: PlaceTest = (before) => before < 0;
const textEnd: PlaceTest = (_before, after) => after < 0;
const wordBorder: PlaceTest = (before, after) => isWord(before) !== isWord(after);

/** Reads an expression in the syntax of Go's regexp package (RE2). Throws ExpressionError. */
export function parseExpression(source: string): ExpressionNode {
  return new Parser([...source]).parse();
}

function not(test: CharTest): CharTest {
  return (code) => !test(code);
}

function refuse(what: string, where: string): never {
  throw new ExpressionError(`error parsing regexp: ${what}: \`${where}\``);
}

/** Either case of a letter counts. */
function folded(test: CharTest): CharTest {
  return (code) => test(code) || [fold(code, 'toLowerCase'), fold(code, 'toUpperCase')].some((other) => other !== code && test(other));
}

function fold(code: number, how: 'toLowerCase' | 'toUpperCase'): number {
  const text = String.fromCodePoint(code);
  const other = text[how]();
  return [...other].length === 1 ? (other.codePointAt(0) ?? code) : code;
}

class Parser {
  private at = 0;
  private depth = 0;
  private flags: Flags = { isFolded: false, isMultiLine: false, dotTakesNewline: false };

  constructor(private readonly chars: readonly string[]) {}

  parse(): ExpressionNode {
    const node = this.choice();
    if (this.at < this.chars.length) refuse('unexpected )', this.rest());
    return node;
  }

  private choice(): ExpressionNode {
    const options = [this.sequence()];
    while (this.skip('|')) options.push(this.sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  private sequence(): ExpressionNode {
    const parts: ExpressionNode[] = [];
    while (this.at < this.chars.length && this.peek() !== '|' && this.peek() !== ')') {
      const start = this.at;
      if (this.isRepeatSign()) refuse('missing argument to repetition operator', this.repeatText());
      if (this.skip('\\Q')) {
        parts.push(...this.quoted());
        continue;
      }
      const part = this.atom();
      if (part !== undefined) parts.push(this.repeated(part, start));
    }
    return { kind: 'sequence', parts };
  }

  private quoted(): ExpressionNode[] {
    const parts: ExpressionNode[] = [];
    while (this.at < this.chars.length && !this.skip('\\E')) parts.push(this.take(this.codeAt(this.at++)));
    return parts;
  }

  /** Undefined for what changes flags only. */
  private atom(): ExpressionNode | undefined {
    const char = this.peek();
    if (char === '(') return this.group();
    if (char === '[') return { kind: 'take', accepts: this.bracket() };
    if (char === '\\') return this.escape();
    this.at++;
    if (char === '.') {
      const takesNewline = this.flags.dotTakesNewline;
      return { kind: 'take', accepts: (code) => takesNewline || code !== newline };
    }
    if (char === '^') return { kind: 'place', test: this.flags.isMultiLine ? (before) => before < 0 || before === newline : textStart };
    if (char === '$') return { kind: 'place', test: this.flags.isMultiLine ? (_before, after) => after < 0 || after === newline : textEnd };
    return this.take(this.codeAt(this.at - 1));
  }

  private group(): ExpressionNode | undefined {
    const start = this.at++;
    const outer = this.flags;
    if (++this.depth > maxDepth) refuse('expression nests too deeply', this.chars.join(''));
    if (this.skip('?') && !this.isNamed(start) && this.groupFlags(start) === 'flags only') {
      this.depth--;
      return undefined;
    }
    const node = this.choice();
    if (!this.skip(')')) refuse('missing closing )', this.chars.join(''));
    this.flags = outer;
    this.depth--;
    return node;
  }

  private isNamed(start: number): boolean {
    if (!this.skip('P<') && !this.skip('<')) return false;
    const end = this.chars.indexOf('>', this.at);
    const name = this.chars.slice(this.at, Math.max(end, this.at)).join('');
    if (end < 0 || !/^\w+$/.test(name)) refuse('invalid named capture', end < 0 ? this.chars.slice(start).join('') : this.chars.slice(start, end + 1).join(''));
    this.at = end + 1;
    return true;
  }

  private groupFlags(start: number): 'group' | 'flags only' {
    const flags = { ...this.flags };
    let isOn = true;
    for (let seen = 0; ; seen++) {
      const char = this.peek();
      this.at++;
      if (char === 'i') flags.isFolded = isOn;
      else if (char === 'm') flags.isMultiLine = isOn;
      else if (char === 's') flags.dotTakesNewline = isOn;
      else if (char === '-' && isOn) isOn = false;
      // which of several matches it would be, we are not asked
      else if (char === ':' || (char === ')' && seen > 0)) {
        this.flags = flags;
        return char === ':' ? 'group' : 'flags only';
      } else if (char !== 'U') refuse('invalid or unsupported Perl syntax', this.chars.slice(start, this.at).join(''));
    }
  }

  private escape(): ExpressionNode {
    const start = this.at;
    const letter = this.chars[this.at + 1];
    const place = letter === 'A' ? textStart : letter === 'z' ? textEnd : letter === 'b' ? wordBorder : undefined;
    if (place !== undefined || letter === 'B') {
      this.at += 2;
      return { kind: 'place', test: place ?? ((before, after) => !wordBorder(before, after)) };
    }
    const known = this.classEscape();
    if (known !== undefined) return { kind: 'take', accepts: known };
    this.at = start;
    return this.take(this.charEscape());
  }

  /** `\d`, `\P{Greek}` and their like; undefined when it is another escape. */
  private classEscape(): CharTest | undefined {
    const start = this.at;
    const letter = this.chars[start + 1] ?? '';
    const perl = perlClasses.get(letter.toLowerCase());
    if (perl !== undefined) {
      this.at += 2;
      return letter === letter.toLowerCase() ? perl : not(perl);
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    this.at += 2;
    let name = this.chars[this.at++] ?? '';
    if (name === '{') {
      const end = this.chars.indexOf('}', this.at);
      if (end < 0) refuse('invalid character class range', this.chars.slice(start).join(''));
      name = this.chars.slice(this.at, end).join('');
      this.at = end + 1;
    }
    const isNegated = (letter === 'P') !== name.startsWith('^');
    const test = unicodeClass(name.replace(/^\^/, ''));
    if (test === undefined) refuse('invalid character class range', this.chars.slice(start, this.at).join(''));
    return isNegated ? not(test) : test;
  }

  private charEscape(): number {
    const start = this.at;
    const letter = this.chars[start + 1];
    if (letter === undefined) throw new ExpressionError('error parsing regexp: trailing backslash at end of expression: ``');
    this.at += 2;
    const known = escapes.get(letter);
    if (known !== undefined) return known;
    const ahead = this.chars.slice(this.at, this.at + 10).join('');
    const hex = letter === 'x' ? (/^\{([0-9a-fA-F]{1,6})\}/.exec(ahead) ?? /^([0-9a-fA-F]{2})/.exec(ahead)) : null;
    const code = Number.parseInt(hex?.[1] ?? '', 16);
    if (hex !== null && code <= 0x10ffff) {
      this.at += hex[0].length;
      return code;
    }
    // \0 to \7 begin an octal number; what would be a reference to a group must not stand alone
    const octal = /^[0-7]{1,3}/.exec(letter + ahead)?.[0];
    if (octal !== undefined && (letter === '0' || octal.length > 1)) {
      this.at += octal.length - 1;
      return Number.parseInt(octal, 8);
    }
    if (!/^[!-/:-@[-`{-~]$/.test(letter)) refuse('invalid escape sequence', this.chars.slice(start, this.at).join(''));
    return this.codeAt(start + 1);
  }

  private bracket(): CharTest {
    const start = this.at++;
    const isNegated = this.skip('^');
    const tests: CharTest[] = [];
    for (let isFirst = true; isFirst || this.peek() !== ']'; isFirst = false) {
      if (this.at >= this.chars.length) refuse('missing closing ]', this.chars.slice(start).join(''));
      tests.push(this.bracketPart(start));
    }
    this.at++;
    const isInside = this.withFlags((code) => tests.some((test) => test(code)));
    return isNegated ? not(isInside) : isInside;
  }

  private bracketPart(start: number): CharTest {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.chars.slice(this.at, this.at + 16).join(''));
    if (posix !== null) {
      const test = posixClasses.get(posix[2] ?? '');
      if (test === undefined) refuse('invalid character class range', posix[0]);
      this.at += posix[0].length;
      return posix[1] === '^' ? not(test) : test;
    }
    const known = this.peek() === '\\' ? this.classEscape() : undefined;
    if (known !== undefined) return known;
    const from = this.at;
    const low = this.bracketChar(start);
    if (this.peek() !== '-' || this.chars[this.at + 1] === ']') return (code) => code === low;
    this.at++;
    const high = this.bracketChar(start);
    if (high < low) refuse('invalid character class range', this.chars.slice(from, this.at).join(''));
    return (code) => code >= low && code <= high;
  }

  private bracketChar(start: number): number {
    if (this.at >= this.chars.length) refuse('missing closing ]', this.chars.slice(start).join(''));
    return this.peek() === '\\' ? this.charEscape() : this.codeAt(this.at++);
  }

  private repeated(part: ExpressionNode, start: number): ExpressionNode {
    if (!this.isRepeatSign()) return part;
    const sign = this.at;
    const [least, most] = this.repeatBounds();
    this.skip('?');
    if (this.isRepeatSign()) {
      this.repeatBounds();
      refuse('invalid nested repetition operator', this.chars.slice(sign, this.at).join(''));
    }
    if (most < least || least > maxRepeat || (most !== Infinity && most > maxRepeat)) refuse('invalid repeat count', this.chars.slice(Math.max(sign, start), this.at).join(''));
    return { kind: 'repeat', part, least, most };
  }

  private repeatBounds(): [least: number, most: number] {
    const text = this.repeatText();
    this.at += text.length;
    if (text === '*') return [0, Infinity];
    if (text === '+') return [1, Infinity];
    if (text === '?') return [0, 1];
    const [least = '', most] = text.slice(1, -1).split(',');
    return [Number(least), most === undefined ? Number(least) : most === '' ? Infinity : Number(most)];
  }

  /** A brace that is no count stands for itself. */
  private isRepeatSign(): boolean {
    return this.repeatText() !== '';
  }

  private repeatText(): string {
    const char = this.peek();
    if (char === '*' || char === '+' || char === '?') return char;
    return char === '{' ? (/^\{\d{1,9}(?:,\d{0,9})?\}/.exec(this.chars.slice(this.at, this.at + 24).join(''))?.[0] ?? '') : '';
  }

  private take(code: number): ExpressionNode {
    return { kind: 'take', accepts: this.withFlags((other) => other === code) };
  }

  private withFlags(test: CharTest): CharTest {
    return this.flags.isFolded ? folded(test) : test;
  }

  private peek(): string | undefined {
    return this.chars[this.at];
  }

  private codeAt(index: number): number {
    return this.chars[index]?.codePointAt(0) ?? 0;
  }

  private skip(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.chars[this.at + i] !== text[i]) return false;
    this.at += text.length;
    return true;
  }

  private rest(): string {
    return this.chars.slice(this.at).join('');
  }
}

/** General categories and scripts by the names Go has, too. */
function unicodeClass(name: string): CharTest | undefined {
  if (name === 'Any') return () => true;
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return undefined;
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      const expression = new RegExp(`^\\p{${property}}$`, 'u');
      return (code) => expression.test(String.fromCodePoint(code));
    } catch {
      // not of this kind
    }
  }
  return undefined;
}
