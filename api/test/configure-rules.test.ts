// SPDX-License-Identifier: Apache-2.0
import { containerConfigSchema } from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { withContainer, testRules } from './rule-cases.ts';

const configApi = (path: string) => ({ config_api: { path } });

testRules([
  [
    'mode of what is configured',
    withContainer({ ...configApi('/configure'), mode: 'http' }),
    withContainer({ ...configApi('/configure'), mode: 'tcp' }),
    /containers\.0\.config_api: needs mode http/,
  ],
  [
    'path of the evidence',
    withContainer(configApi('/.well-known/attestations')),
    withContainer(configApi('/.well-known/attestation')),
    /containers\.0\.config_api: has a path that the proxy answers itself/,
  ],
  [
    'path of extensions',
    withContainer({ extensions_path: '/.well-known/attestation-extensions?v=1' }),
    withContainer({ extensions_path: 'extensions' }),
    /containers\.0\.extensions_path: expected a path that begins with \//,
  ],
]);

describe('a configuration that is none', () => {
  test.each([null, 'x', 5, []])('%j is refused for its form alone', (value) => {
    const { error } = containerConfigSchema.safeParse({
      name: 'a',
      image: `x/y@sha256:${'a'.repeat(64)}`,
      port: 1,
      mode: 'tcp',
      config_api: value,
    });
    expect(error?.issues.map(({ path }) => path.join('.'))).toContain('config_api');
  });
});
