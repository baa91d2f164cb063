import { ttySink, writeWithin } from './tty-sink.ts';

/** How long a terminal may take nothing before the words are lost. */
const STALL_MS = 300;

/** Writes text while the process ends. A terminal that takes nothing loses it; any other stream is written as usual. */
export function lastWords(stream: { fd: number; isTTY: boolean; write(text: string): unknown }, text: string): void {
  // undefined where the stream is no terminal, whatever its type says
  const sink = stream.isTTY === true ? ttySink(stream.fd) : {};
  if (sink.tryWrite === undefined) stream.write(text);
  else writeWithin(sink, Buffer.from(text, 'utf8'), STALL_MS);
  sink.close?.();
}
