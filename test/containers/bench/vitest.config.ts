// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const conditions = ['@proofgate/source', 'node', 'import', 'default'];

/** `npm run bench:launcher`: a measurement that needs what the tests with container engines need. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: new URL('../../..', import.meta.url).pathname,
    name: 'bench',
    include: ['test/containers/bench/*.bench.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
