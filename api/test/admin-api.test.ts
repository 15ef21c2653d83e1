// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  drainStartedSchema,
  errorBodySchema,
  identitiesSchema,
  proxyHealthSchema,
  proxyReadinessSchema,
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
  quoteTime: '2026-11-20T09:00:00Z',
  renewAt: '2026-11-21T04:00:00Z',
  caSpkiSha256: 'cd'.repeat(32),
} as const;

const CA = {
  active: { subject: 'CN=CA', spkiSha256: 'cd'.repeat(32), notAfter: '2027-11-20T09:00:00Z' },
  prepared: 'ef'.repeat(32),
  old: [{ spkiSha256: 'ab'.repeat(32), hosts: ['app.example.com'] }],
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
  [
    'CAs of a state summary',
    stateSummarySchema,
    { hosts: [], ca: CA },
    { hosts: [], ca: { ...CA, active: undefined } },
  ],
  [
    'readiness',
    proxyReadinessSchema,
    { status: 'not_ready', waiting: ['app.example.com'] },
    { status: 'not_ready', waiting: 1 },
  ],
  ['drain', drainStartedSchema, { status: 'draining' }, { status: 'done' }],
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
