import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000, // an engine that a suite starts, such as DynamoDB Local, needs its seconds on a busy machine
    maxWorkers: '100%', // the default leaves one core idle, which is half of a small machine
    coverage: {
      include: ['core/**/*.ts'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { 100: true },
    },
  },
});
