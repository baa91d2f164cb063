/** A place in a text that something else was expected at. */
export class ExpressionError extends Error {
  constructor(readonly expected: string, readonly text: string, readonly at: number) {
    const line = text.replaceAll(/\s/g, ' ');
    super(`expected ${expected} at the ^: ${line.slice(0, at)}^${line.slice(at)}`);
  }
}

/** Reads a text from left to right by patterns; blanks between tokens mean nothing. */
export class Scanner {
  /** Where the next token may begin. */
  at = 0;

  constructor(readonly text: string) {}

  /** Takes what the pattern matches here; undefined, and nothing taken, if it does not. The pattern must be sticky. */
  take(pattern: RegExp): string | undefined {
    this.skipBlanks();
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null || match[0] === '') return undefined;
    this.at += match[0].length;
    return match[0];
  }

  /** Takes the pattern, or throws what was expected instead. */
  expect(pattern: RegExp, expected: string): string {
    const token = this.take(pattern);
    if (token === undefined) throw this.error(expected);
    return token;
  }

  get isAtEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length;
  }

  /** An error at this place, or at an earlier one. */
  error(expected: string, at: number = this.at): ExpressionError {
    return new ExpressionError(expected, this.text, at);
  }

  private skipBlanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }
}
