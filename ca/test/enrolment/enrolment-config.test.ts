// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEnrolmentConfig, type EnrolmentConfig } from '@proofgate/ca/enrolment';
import { describe, expect, it } from 'vitest';
import { emptyDirectory } from '../ca-directory.ts';

/** Reads a file with the given fields beside the necessary ones. */
async function read(fields: object): Promise<EnrolmentConfig & { readonly directory: string }> {
  const directory = emptyDirectory();
  const policy = {
    version: 1,
    name: 'p',
    tee: 'tdx',
    measurements: { a: { mrtd: '00'.repeat(48) } },
  };
  writeFileSync(join(directory, 'policy.json'), JSON.stringify(policy));
  const file = join(directory, 'serve.yaml');
  const rules = [{ name: 'r', policy: 'policy.json', hosts: ['prod1.example.com'] }];
  const content = { version: '1', host: 'ca.example.com', directory: '.', rules, ...fields };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(content));
  return readEnrolmentConfig(file);
}

describe('the file of the enrolment service', () => {
  it('names collateral relative to itself', async () => {
    const { collateral, directory } = await read({ collateral: 'bundles/today.json' });
    expect(collateral).toBe(join(directory, 'bundles/today.json'));
    expect((await read({ collateral: '/var/bundle.json' })).collateral).toBe('/var/bundle.json');
    const url = 'https://pccs.example.com:8081';
    expect((await read({ collateral: url })).collateral).toBe(url);
    expect((await read({})).collateral).toBeUndefined();
  });

  it('has limits for hosts and lists', async () => {
    expect(await read({})).toMatchObject({ perHostPerDay: 24, crlDays: 7 });
    const changed = await read({ per_host_per_day: 2, crl_days: 30 });
    expect(changed).toMatchObject({ perHostPerDay: 2, crlDays: 30 });
    await expect(read({ crl_days: 366 })).rejects.toThrow();
  });
});
