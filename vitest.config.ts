import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/support/temporary-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is polled for comes at once, but not on a machine that does something else.
    expect: { poll: { timeout: 30_000 } },
    // Two workers: the tests start real servers, and the machines that run them are small.
    maxWorkers: 2,
  },
});
