// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

const conditions = ['@proofgate/source', 'node', 'import', 'default'];

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
            '{evidence,verifier,attester,simulator,api,daemon,ca,proxy,launcher,cli,images,bench,tools}/test/**/*.test.ts',
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
