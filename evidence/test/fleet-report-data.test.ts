// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { fleetReportData, fromHex, toHex, type FleetBinding } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';

/** P-256, the base point. */
const SPKI = fromHex(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004' +
    '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
);

const BINDING: FleetBinding = {
  purpose: 'register',
  fleet: 'cp.example.com',
  agent: 'prod1',
  spki: SPKI,
  nonce: new Uint8Array(32).fill(7),
};

/** The formula, written with another library. */
function formula({ purpose, fleet, agent, spki, nonce }: FleetBinding): string {
  const hash = createHash('sha512').update('proofgate/fleet-agent/v1');
  const key = createHash('sha256').update(spki).digest();
  for (const part of [Buffer.from(purpose), Buffer.from(fleet), Buffer.from(agent), key, nonce]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return hash.digest('hex');
}

describe('report data of an agent', () => {
  it.each(['register', 'attest'] as const)('is the hash that the formula says: %s', (purpose) => {
    const binding = { ...BINDING, purpose };
    expect(toHex(fleetReportData(binding))).toBe(formula(binding));
  });

  it('has not changed since it was first used', () => {
    expect(toHex(fleetReportData(BINDING))).toBe(VECTORS.register);
    expect(toHex(fleetReportData({ ...BINDING, purpose: 'attest' }))).toBe(VECTORS.attest);
  });

  it.each([
    ['purpose', { purpose: 'attest' }],
    ['fleet', { fleet: 'cp2.example.com' }],
    ['agent', { agent: 'prod2' }],
    ['key', { spki: Uint8Array.from(SPKI, (byte, at) => (at === 60 ? byte ^ 1 : byte)) }],
    ['nonce', { nonce: new Uint8Array(32) }],
    ['place of a letter', { fleet: 'cp.example.comp', agent: 'rod1' }],
  ] as const)('differs with the %s', (_, change) => {
    expect(fleetReportData({ ...BINDING, ...change })).not.toEqual(fleetReportData(BINDING));
  });

  it.each([
    ['a short nonce', { nonce: new Uint8Array(31) }],
    ['a long nonce', { nonce: new Uint8Array(33) }],
    ['no fleet', { fleet: '' }],
    ['no agent', { agent: '' }],
    ['an agent with a long name', { agent: 'a'.repeat(254) }],
    ['a key that is none', { spki: SPKI.slice(1) }],
  ] as const)('is not made for %s', (_, change) => {
    expect(() => fleetReportData({ ...BINDING, ...change })).toThrow(
      expect.objectContaining({ code: 'ERR_REPORT_DATA_INPUT' }),
    );
  });
});

const VECTORS = {
  register:
    '4cc6d331d1b128cbd55bc8b897147fd875e34e4b933c8bf2f63045dc19286e95' +
    '508d643e888a2e07dc8dd32589976ad81bb798c8547b3fbf7a8bd597433cc98e',
  attest:
    'c85296930aa10b50598418db30c629164b17bdd67341ae9882542991d157add9' +
    '93f8e76f2e30b86159e29d2701e9cdf6a60ff4402f155dfd22a93b7575a7ca06',
};
