import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The file that Node takes; otherwise graphql would be there twice, and its types would be strangers to each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['tests/**/*.test.ts', 'embedded/tests/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Much of a test is waiting (for programs to start, for time-outs of servers that do not answer), so two run on any machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // The machine-readable report is what `.ci/run` takes its last line from.
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.ci/report.json' }]] : ['default'],
  },
});
