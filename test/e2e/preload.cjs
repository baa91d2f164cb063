// Loaded into the real bundle by `node -r`: lets a test make it fail from inside, and notes how long its event loop stood still.
const { appendFileSync, readFileSync } = require('node:fs');

const failures = {
  throw: () => { throw new Error('boom in the middle'); },
  reject: () => { void Promise.reject(new Error('boom in a promise')); },
  bug: () => { undefined.boom(); },
  'stdin-end': () => { process.stdin.emit('end'); },
  'stdin-error': () => { process.stdin.destroy(new Error('read EIO')); },
};
process.on('SIGUSR2', () => { setTimeout(failures[process.env.HUBTOP_TEST_FAILURE ?? 'throw'], 0); });

// Time that the machine gave to others is not ours: what is noted is the gap without the main thread's wait for a processor.
const LOOK_MS = 10;
const gapFile = process.env.HUBTOP_TEST_GAPS;
const waitedMs = () => {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
};
if (gapFile !== undefined) {
  let last = { ms: performance.now(), waitedMs: waitedMs() };
  setInterval(() => {
    const now = { ms: performance.now(), waitedMs: waitedMs() };
    const gapMs = now.ms - last.ms;
    if (gapMs > 2 * LOOK_MS) appendFileSync(gapFile, `${Date.now()} ${Math.round(gapMs)} ${Math.round(gapMs - (now.waitedMs - last.waitedMs))}\n`);
    last = now;
  }, LOOK_MS).unref();
}
