// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  errorBodySchema,
  identitiesSchema,
  proxyHealthSchema,
  stateAppliedSchema,
  stateSummarySchema,
} from '@proofgate/api';

const IDENTITY = {
  hostname: 'app.example.com',
  spkiSha256: 'ab'.repeat(32),
  serialNumber: '01ff',
  notBefore: '2026-11-20T09:00:00Z',
  notAfter: '2026-11-21T09:00:00Z',
  attestation: 'certificate',
} as const;

describe.each<[what: string, schema: z.ZodType, accepted: unknown, refused: unknown]>([
  [
    'state applied',
    stateAppliedSchema,
    { revision: 1, applied: true },
    { revision: 1, applied: false },
  ],
  ['state summary', stateSummarySchema, { revision: 1, bootId: 'b', hosts: ['a'] }, { hosts: [1] }],
  ['state summary without a state', stateSummarySchema, { hosts: [] }, {}],
  ['health', proxyHealthSchema, { status: 'ok', workers: 2 }, { status: 'fine', workers: 2 }],
  [
    'identities',
    identitiesSchema,
    { identities: [IDENTITY] },
    { identities: [{ ...IDENTITY, notAfter: 'soon' }] },
  ],
  [
    'public key',
    identitiesSchema,
    { identities: [IDENTITY] },
    { identities: [{ ...IDENTITY, spkiSha256: 'ab' }] },
  ],
  ['error', errorBodySchema, { detail: 'no', code: 'ERR_X' }, { error: 'no' }],
])('%s', (_what, schema, accepted, refused) => {
  test('is read as it was sent', () => {
    expect(schema.parse(accepted)).toEqual(accepted);
  });

  test('is refused in another form', () => {
    expect(schema.safeParse(refused).success).toBe(false);
  });
});
