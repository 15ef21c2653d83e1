// SPDX-License-Identifier: Apache-2.0
import { toBase64 } from '@proofgate/evidence';
import {
  caExtensions,
  type CertificateWish,
  issue,
  newKeys,
  type Party,
  serverExtensions,
} from './certificates.ts';
import { AT, DAY_MS } from './vector-maker.ts';

export const APP_HOST = 'app.example.com';

/** How certificates differ from sound ones. */
export interface ChainWish {
  readonly leaf?: Partial<CertificateWish>;
  readonly ca?: Partial<CertificateWish>;
  /** CAs between the CA and the leaf. */
  readonly more?: readonly Partial<CertificateWish>[];
  /** Leaves the CA out of what is presented. */
  readonly withoutCa?: boolean;
}

/** A private PKI of root, CA and leaf. */
export class PrivateChainMaker {
  readonly root: Party;
  readonly #keys = { ca: newKeys(), leaf: newKeys(), between: newKeys() };

  constructor() {
    this.root = issue({
      commonName: 'App Root',
      keys: newKeys(),
      ...VALID,
      extensions: caExtensions(9),
    });
  }

  /** Base64 of DER, leaf first, without the root. */
  chain(wish: ChainWish = {}): string[] {
    const ca = issue({
      commonName: 'App CA',
      keys: this.#keys.ca,
      issuer: this.root,
      ...VALID,
      extensions: caExtensions(9),
      ...wish.ca,
    });
    const authorities = [ca];
    for (const between of wish.more ?? []) {
      const [issuer] = authorities;
      authorities.unshift(
        issue({
          commonName: `App CA ${authorities.length + 1}`,
          keys: this.#keys.between,
          ...(issuer && { issuer }),
          ...VALID,
          extensions: caExtensions(0),
          ...between,
        }),
      );
    }
    const leaf = issue({
      commonName: 'app',
      keys: this.#keys.leaf,
      issuer: authorities[0] ?? ca,
      ...VALID,
      extensions: serverExtensions([APP_HOST]),
      ...wish.leaf,
    });
    const presented = wish.withoutCa === true ? [leaf] : [leaf, ...authorities];
    return presented.map(({ certificate }) => toBase64(certificate));
  }
}

const VALID = {
  notBefore: new Date(AT.getTime() - DAY_MS),
  notAfter: new Date(AT.getTime() + 30 * DAY_MS),
};
