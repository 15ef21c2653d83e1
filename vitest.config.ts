// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// Not `import`: Node would apply it to `require` as well, and give CommonJS packages the other half of others.
const conditions = ['@proofgate/source', 'node'];

/** Where the soak is run for longer, as a check of its own, it is left out here. */
const soakExclusion = process.env['PROOFGATE_SOAK'] === 'apart' ? ['test/soak/**'] : [];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{evidence,verifier,attester,simulator,api,daemon,ca,proxy,launcher,control-plane,cli,images,bench,tools}/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: [
            // These have a configuration of their own, see tools/test-containers.mjs.
            'test/containers/**',
            ...soakExclusion,
          ],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
