import { defineConfig } from 'vitest/config';

// Tests that make namespaces, load kernel programs or measure volumes run one file at a time.
const alone = ['test/bpf/**/*.test.ts', 'test/agent/kernel/**/*.test.ts', 'test/lab/**/*.test.ts', 'test/e2e/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: alone, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'kernel', include: alone, fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
