// SPDX-License-Identifier: Apache-2.0
import {
  encodeQuote,
  encodeQuoteSignedRegion,
  fromBase64,
  parseQuote,
  type Quote,
  type QuoteContent,
  type QuoteSignatureParts,
  toBase64,
} from '@proofgate/evidence';
import type { MakeParts, MakingContext } from './make-parts.ts';
import { signRaw } from './raw-signature.ts';
import type { VectorMaker } from './vector-maker.ts';

/** Where things stand in a quote of version 4 with a TD report (Intel TDX DCAP quote v4, appendix A.3). */
export const V4 = {
  version: 0,
  keyType: 2,
  teeType: 4,
  reserved: 8,
  mrTd: 48 + 136,
  signatureSize: 632,
  signature: 636,
  attestationKey: 700,
  certificationSize: 766,
  qeReport: 770,
  authDataSize: 1218,
  authData: 1220,
  innerCertificationType: 1252,
  chain: 1258,
} as const;

/** Where the body descriptor of a quote of version 5 stands. */
export const V5 = { bodyType: 48, bodySize: 50 } as const;

/** Writes bytes over those of the fixture's quote. */
export function patched(offset: number, ...bytes: readonly number[]): MakeParts {
  return rewritten((quote) => {
    quote.set(bytes, offset);
    return quote;
  });
}

/** Changes the fixture's quote. */
export function rewritten(change: (quote: Uint8Array) => Uint8Array): MakeParts {
  return (context) => ({ quote: toBase64(change(fixtureQuote(context))) });
}

/** Takes the fixture's quote apart and puts it together again with changes. */
export function reassembled(
  change: (quote: Quote, context: MakingContext) => Partial<QuoteSignatureParts>,
): MakeParts {
  return (context) => {
    const quote = parseQuote(fixtureQuote(context));
    const { version, signedRegion, signature } = quote;
    const parts = { ...signature, ...change(quote, context) };
    return { quote: toBase64(encodeQuote(version, signedRegion, parts)) };
  };
}

/**
 * Puts a quote into another form, and has it signed again.
 *
 * @param quote base64
 */
export function reformed(
  maker: VectorMaker,
  quote: string,
  change: (quote: Quote) => QuoteContent,
): string {
  const sound = parseQuote(fromBase64(quote));
  const content = change(sound);
  const signedRegion = encodeQuoteSignedRegion(content);
  const signature = signRaw(maker.keys.attestation.privateKey, signedRegion);
  const parts = { ...sound.signature, signature };
  return toBase64(encodeQuote(content.header.version, signedRegion, parts));
}

function fixtureQuote({ fixture: { quote } }: MakingContext): Uint8Array {
  if (typeof quote !== 'string') throw new Error('the fixture has no quote');
  return fromBase64(quote);
}
