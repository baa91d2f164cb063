import { expect, test } from 'vitest';
import { seededRandom } from '../../../agent/sim/random.ts';
import { TimeQueue } from '../../../agent/sim/time-queue.ts';

test.each([1, 2, 3])('TimeQueue gives the earliest first, whatever came in between (seed %i)', (seed) => {
  const random = seededRandom(seed);
  const queue = new TimeQueue<{ timeNs: number }>();
  const waiting: number[] = [];
  for (let step = 0; step < 2000; step++) {
    if (random() < 0.6) {
      const timeNs = Math.floor(random() * 1000);
      queue.push({ timeNs });
      waiting.push(timeNs);
    } else {
      waiting.sort((one, other) => one - other);
      expect(queue.peek()?.timeNs).toBe(waiting[0]);
      expect(queue.pop()?.timeNs).toBe(waiting.shift());
    }
    expect(queue.size).toBe(waiting.length);
  }
});
