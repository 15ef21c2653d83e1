// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema } from '@proofgate/api';
import { describe, expect, test } from 'vitest';
import { testRules } from './rule-cases.ts';

const ENROL = { enrol: 'https://ca.example.com:9444', root: '/etc/proofgate/root.pem' };
const platform = (fields: object): object => ({ version: '1', platform: fields });
const good = platform({ hostname: 'example.com', ca: ENROL });

testRules([
  [
    'enrolment over plain HTTP',
    good,
    platform({ hostname: 'example.com', ca: { ...ENROL, enrol: 'http://ca.example.com' } }),
    /ca\.enrol/,
  ],
  [
    'enrolment beside files',
    good,
    platform({ hostname: 'example.com', ca: ENROL, ca_cert: '/c', ca_key: '/k' }),
    /platform\.ca: .*remove ca_cert/,
  ],
  [
    'collateral for no policy',
    platform({ hostname: 'example.com', ca: { ...ENROL, policy: 'p.json', collateral: 'c' } }),
    platform({ hostname: 'example.com', ca: { ...ENROL, collateral: 'c' } }),
    /platform\.ca: has collateral/,
  ],
  ['enrolment for nobody', good, platform({ ca: ENROL }), /platform\.ca: needs a host/],
  [
    'a way to keep the key',
    platform({ hostname: 'example.com', ca: { ...ENROL, key: 'sealed' } }),
    platform({ hostname: 'example.com', ca: { ...ENROL, key: 'tpm' } }),
    /platform\.ca\.key/,
  ],
]);

describe('a machine that enrols', () => {
  test('has its files where launcher and proxy look for them', () => {
    const config = vmConfigSchema.parse(
      platform({ hostname: 'example.com', data_dir: '/d', run_dir: '/r', ca: ENROL }),
    );
    expect(config.platform).toMatchObject({
      ca_cert: '/d/ca/intermediary.pem',
      ca_key: '/r/ca/intermediary.key',
      ca: { ...ENROL, key: 'file' },
    });
  });
});
