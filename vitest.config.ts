// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

// Not `import`: Node would apply it to `require` as well, and give CommonJS packages the other half of others.
const conditions = ['@proofgate/source', 'node'];

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
          // These have a configuration of their own, see tools/test-containers.mjs.
          exclude: ['test/containers/**'],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
