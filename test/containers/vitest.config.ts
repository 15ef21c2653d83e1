// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const conditions = ['@proofgate/source', 'node', 'import', 'default'];

/** Tests with real container engines. They run in namespaces of their own: `node tools/test-containers.mjs`. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: new URL('../..', import.meta.url).pathname,
    name: 'containers',
    include: ['test/containers/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The files share one network namespace and two cores; engines started side by side only wait for each other.
    fileParallelism: false,
  },
});
