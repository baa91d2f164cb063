import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { StandardOutput } from '../../../src/cli/standard-output.ts';

function slowStream(): { stream: NodeJS.WriteStream; taken: string[]; release: () => void } {
  const taken: string[] = [];
  let release = (): void => {};
  const stream = new Writable({
    highWaterMark: 4,
    decodeStrings: false,
    write(chunk, _encoding, done) {
      taken.push(String(chunk));
      release = () => { done(); };
    },
  });
  return { stream: stream as NodeJS.WriteStream, taken, release: () => { release(); } };
}

test('write() waits for a slow reader, flush() for the last byte', async () => {
  const { stream, taken, release } = slowStream();
  const output = new StandardOutput(stream, () => {});
  const order: string[] = [];
  const written = output.write('more than four').then(() => order.push('written'));
  const flushed = output.flush().then(() => order.push('flushed'));
  expect(order).toEqual([]);
  release();
  await written;
  release();
  await flushed;
  expect(taken[0]).toBe('more than four');
  expect(order).toEqual(['written', 'flushed']);
});

test('a closed pipe says so once and never blocks', async () => {
  const { stream } = slowStream();
  let closed = 0;
  const output = new StandardOutput(stream, () => { closed += 1; });
  const waiting = output.write('nobody reads this');
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await waiting;
  await output.write('nor this');
  await output.flush();
  expect(closed).toBe(1);
});

test('giveUp() lets go of a reader that is stuck', async () => {
  const { stream } = slowStream();
  const output = new StandardOutput(stream, () => {});
  const waiting = output.write('nobody takes this');
  output.giveUp();
  await waiting;
  await output.write('nor this');
  await output.flush();
});
