// SPDX-License-Identifier: Apache-2.0
import { containerConfigSchema } from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { testRules, withConfigApi, withContainer } from './rule-cases.ts';

const configApi = (path: string) => ({ config_api: { path } });

testRules([
  [
    'mode of what is configured',
    withConfigApi({ mode: 'http' }),
    withConfigApi({ mode: 'tcp' }),
    /containers\.0\.config_api: needs mode http/,
  ],
  [
    'path of the evidence',
    withConfigApi(configApi('/.well-known/attestations')),
    withConfigApi(configApi('/.well-known/attestation')),
    /containers\.0\.config_api: has a path that the proxy answers itself/,
  ],
  [
    'owner of what is configured',
    withConfigApi({ owners: [], app_id: 'ab'.repeat(16) }),
    withConfigApi({ owners: [] }),
    /containers\.0\.config_api: nobody may configure it/,
  ],
  [
    'who says who an owner is',
    withConfigApi({}),
    withConfigApi({}, { management: {} }),
    /containers\.0\.config_api: .* set platform\.management\.oidc/,
  ],
  [
    'host of what is configured',
    withConfigApi({ internal: false }),
    withConfigApi({ internal: true }),
    /containers\.0\.config_api: .* an internal container has none/,
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
