import { defineConfig } from 'vitest/config';

// Tests that make namespaces, load kernel programs or measure volumes run one file at a time.
const alone = ['test/bpf/**/*.test.ts', 'test/agent/kernel/**/*.test.ts', 'test/lab/**/*.test.ts', 'test/e2e/**/*.test.ts'];

// Rooms without effects, as test/tidy.test.ts has them: their tests leave nothing behind in a process, so files of them share one,
// with what it has loaded and the scenes it has told. Those of stories keep whole stories, too much for a process that lives on.
const pure = [
  'test/src/{lib,wire,flow,tally,model,detect,check,theme,screen,views,export,control}/**/*.test.ts', 'test/src/relay/merge/**/*.test.ts',
  'test/agent/{policy,decode,enrich,history,sim}/**/*.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...alone, ...pure], maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'kernel', include: alone, fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
