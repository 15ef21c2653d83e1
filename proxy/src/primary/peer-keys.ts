// SPDX-License-Identifier: Apache-2.0
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { PeerKey, PeerKeySet } from '@proofgate/api';
import type { Clock } from '../clock.ts';
import type { PeerTokenKey } from '../peer/peer-token.ts';

/** How long one key signs. Nobody stores tokens, so this only bounds what a key that leaked is good for. */
export const PEER_KEY_LIFETIME_MS: number = 12 * 3_600_000;

interface KeyPair {
  readonly signing: PeerTokenKey;
  readonly shown: PeerKey;
}

/**
 * The keys that tokens about clients are signed with. They are made here and never stored: one for all workers, so that a
 * worker that is replaced signs on, and the one before it, whose tokens are still on their way.
 */
export class PeerKeys {
  private readonly clock: Clock;
  private readonly onChange: () => void;
  private present: KeyPair = makePair();
  private former: KeyPair | undefined;
  private cancel: () => void = () => undefined;

  /** @param onChange is called after a rotation */
  constructor(clock: Clock, onChange: () => void) {
    this.clock = clock;
    this.onChange = onChange;
  }

  /** Begins to replace the key from time to time. */
  start(): void {
    this.cancel = this.clock.after(PEER_KEY_LIFETIME_MS, () => this.rotate());
  }

  close(): void {
    this.cancel();
  }

  /** That workers sign with. */
  get signing(): PeerTokenKey {
    return this.present.signing;
  }

  /** That tokens are verified with. */
  get published(): PeerKeySet {
    const pairs = this.former === undefined ? [this.present] : [this.present, this.former];
    return { keys: pairs.map(({ shown }) => shown) };
  }

  private rotate(): void {
    this.former = this.present;
    this.present = makePair();
    this.start();
    this.onChange();
  }
}

function makePair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const shown = jwkOf(publicKey);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { signing: { kid: shown.kid, privateKey: pem }, shown };
}

function jwkOf(publicKey: KeyObject): PeerKey {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  // RFC 7638 section 3.2: these members alone, in this order.
  const thumbprint = JSON.stringify({ crv: 'P-256', kty: 'EC', x, y });
  const kid = createHash('sha256').update(thumbprint).digest('base64url');
  return { kty: 'EC', crv: 'P-256', x, y, kid, use: 'sig', alg: 'ES256' };
}
