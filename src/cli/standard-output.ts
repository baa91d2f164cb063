/** What a reader gets to take the rest when the program was told to end. */
const lastWordsMs = 300;

/** Writing to a stdout that may be a slow pipe, a closed one, or a terminal. */
export class StandardOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #waiting = new Set<() => void>();
  #isGivenUp = false;

  /** onClosed is called once when nobody reads any more (EPIPE): not an error, the run just ends. */
  constructor(stream: NodeJS.WriteStream, onClosed: () => void) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onClosed();
    });
  }

  /** Resolves when the stream wants more, at once when it does already. */
  write(text: string | Uint8Array): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableEnded) return Promise.resolve();
    if (this.#stream.write(text) || this.#isGivenUp) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done).off('close', done).off('error', done);
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      this.#stream.on('drain', done).on('close', done).on('error', done);
    });
  }

  /** The user wants to end: a reader that is stuck must not hold the program. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const done of this.#waiting) done();
  }

  /** Resolves when all that was written has left the process, or cannot any more; after giveUp() it waits a moment at most. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.writableLength === 0) resolve();
      else this.#stream.write('', () => { resolve(); });
      if (this.#isGivenUp) setTimeout(resolve, lastWordsMs);
    });
  }
}
