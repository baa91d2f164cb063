/** Writing to a stdout that may be a slow pipe, a closed one, or a terminal. */
export class StandardOutput {
  readonly #stream: NodeJS.WriteStream;

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
    if (this.#stream.write(text)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      this.#stream.on('drain', done).on('close', done).on('error', done);
    });
  }

  /** Resolves when all that was written has left the process, or cannot any more. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.writableLength === 0) resolve();
      else this.#stream.write('', () => { resolve(); });
    });
  }
}
