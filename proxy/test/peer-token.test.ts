// SPDX-License-Identifier: Apache-2.0
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { describe, expect, it } from 'vitest';
import type { PeerProof } from '../src/peer/peer-proof.ts';
import { PEER_TOKEN_SECONDS, PeerTokens, type TokenTarget } from '../src/peer/peer-token.ts';
import { PEER_KEY_LIFETIME_MS, PeerKeys } from '../src/primary/peer-keys.ts';
import { FakeClock } from './fake-clock.ts';

const NOW = Date.UTC(2026, 5, 1);
const TARGET: TokenTarget = { method: 'GET', target: '/a', hostname: 'app.example.com' };

function proof(more: Partial<PeerProof> = {}): PeerProof {
  return {
    binding: 'session',
    tee: 'tdx',
    trustAnchor: 'intel',
    keySha256: 'aa',
    certificateSha256: new Uint8Array(32),
    measurements: new Map([['mrtd', 'bb']]),
    subject: 'tdx:cc',
    appId: undefined,
    imageDigest: undefined,
    policy: 'p',
    until: NOW + 600_000,
    ...more,
  };
}

function signer() {
  const clock = new FakeClock(new Date(NOW));
  let changes = 0;
  const keys = new PeerKeys(clock, () => (changes += 1));
  const tokens = new PeerTokens();
  tokens.useKey(keys.signing);
  const verify = (token: string, at = NOW, of = keys.published) =>
    jwtVerify(token, createLocalJWKSet(of as unknown as JSONWebKeySet), {
      currentDate: new Date(at),
      typ: 'proofgate-peer+jwt',
    });
  return { clock, keys, tokens, verify, changes: () => changes };
}

describe('a token', () => {
  it('is used again for half of its time, for the same request of the same proof', () => {
    const { tokens } = signer();
    const subject = { proof: proof(), connectionId: 'one' };
    const first = tokens.tokenFor(subject, TARGET, NOW);
    const half = NOW + (PEER_TOKEN_SECONDS * 1_000) / 2;
    expect(tokens.tokenFor(subject, TARGET, half - 1)).toBe(first);
    expect(tokens.tokenFor(subject, TARGET, half)).not.toBe(first);
    expect(tokens.tokenFor({ ...subject, proof: proof() }, TARGET, NOW)).not.toBe(first);
  });

  it('is forgotten when a connection asks for many things', () => {
    const { tokens } = signer();
    const subject = { proof: proof(), connectionId: 'one' };
    const ask = (target: string): string => tokens.tokenFor(subject, { ...TARGET, target }, NOW);
    const first = ask('/0');
    for (let index = 1; index < 16; index += 1) ask(`/${String(index)}`);
    expect(ask('/0')).toBe(first);
    ask('/16');
    expect(ask('/0')).not.toBe(first);
  });

  it('holds for a minute, and never longer than the proof', async () => {
    const { tokens, verify } = signer();
    const token = tokens.tokenFor({ proof: proof(), connectionId: 'one' }, TARGET, NOW);
    await expect(verify(token, NOW + 59_000)).resolves.toBeDefined();
    await expect(verify(token, NOW + 60_000)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
    const brief = { proof: proof({ until: NOW + 10_000 }), connectionId: 'one' };
    expect(decodeJwt(tokens.tokenFor(brief, TARGET, NOW)).exp).toBe(NOW / 1_000 + 10);
  });

  it('names what is known and nothing else', () => {
    const { tokens } = signer();
    const known = proof({ appId: '01', imageDigest: '02' });
    const { peer } = decodeJwt<{ peer: object }>(
      tokens.tokenFor({ proof: known, connectionId: 'one' }, TARGET, NOW),
    );
    expect(peer).toMatchObject({ app_id: '01', image_digest: '02', measurements: { mrtd: 'bb' } });
    const less = tokens.tokenFor({ proof: proof(), connectionId: 'one' }, TARGET, NOW);
    expect(Object.keys(decodeJwt<{ peer: object }>(less).peer)).not.toContain('app_id');
  });

  it('is signed with a new key after a while, and the old one still verifies', async () => {
    const { clock, keys, tokens, verify, changes } = signer();
    keys.start();
    const subject = { proof: proof(), connectionId: 'one' };
    const before = tokens.tokenFor(subject, TARGET, NOW);
    const old = keys.published;
    await clock.advance(PEER_KEY_LIFETIME_MS);
    expect(changes()).toBe(1);
    tokens.useKey(keys.signing);
    const after = tokens.tokenFor(subject, TARGET, NOW);
    expect(keys.published.keys).toHaveLength(2);
    await expect(verify(before)).resolves.toBeDefined();
    await expect(verify(after)).resolves.toBeDefined();
    await expect(verify(after, NOW, old)).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
    await clock.advance(PEER_KEY_LIFETIME_MS);
    expect(keys.published.keys).toHaveLength(2);
    await expect(verify(before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    keys.close();
    await clock.advance(PEER_KEY_LIFETIME_MS);
    expect(changes()).toBe(2);
  });
});
