// SPDX-License-Identifier: Apache-2.0
import { concatBytes, MAX_QUOTE_BYTES } from '@proofgate/evidence';
import { simulatedFault } from '@proofgate/simulator';
import { altered } from '../making/make-parts.ts';
import { patched, rewritten, V4, V5 } from '../making/quotes.ts';
import type { CatalogueArea } from './catalogue-rule.ts';

/** Structure of quotes (Intel TDX DCAP quoting library API, appendix A). */
export const QUOTE_LAYOUT: CatalogueArea = {
  area: 'quote layout',
  rules: [
    {
      id: 'quote-version',
      rule: 'The version is 3, 4 or 5.',
      fixture: 'tdx',
      claims: { tcbStatus: 'UpToDate', binding: 'none' },
      refused: patched(V4.version, 6),
      code: 'ERR_QUOTE_VERSION',
    },
    {
      id: 'quote-key-type',
      rule: 'The attestation key is of type 2, ECDSA P-256.',
      fixture: 'tdx',
      refused: patched(V4.keyType, 3),
      code: 'ERR_QUOTE_KEY_TYPE',
    },
    {
      id: 'quote-tee-type',
      rule: 'The TEE type is one that is defined.',
      fixture: 'tdx',
      refused: patched(V4.teeType, 0x82),
      code: 'ERR_QUOTE_TEE_TYPE',
    },
    {
      id: 'quote-tee-type-version-3',
      rule: 'Version 3 is for SGX: its TEE type, reserved then, is zero.',
      fixture: 'sgx',
      claims: { tcbStatus: 'UpToDate' },
      refused: patched(V4.teeType, 0x81),
      code: 'ERR_QUOTE_TEE_TYPE',
    },
    {
      id: 'quote-reserved',
      rule: 'Reserved bytes of the header are zero.',
      fixture: 'tdx',
      refused: patched(V4.reserved, 1),
      code: 'ERR_QUOTE_RESERVED',
    },
    {
      id: 'qe-report-reserved',
      rule: 'Reserved bytes of the QE report are zero.',
      fixture: 'tdx',
      refused: patched(V4.qeReport + 20, 1),
      code: 'ERR_QUOTE_RESERVED',
    },
    {
      id: 'quote-vendor',
      rule: 'The QE vendor id is Intel’s.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('N25').apply),
      code: 'ERR_DCAP_QE_VENDOR',
    },
    {
      id: 'quote-body-type-size',
      rule: 'Body type and body size of version 5 belong together.',
      fixture: 'tdx-v5-td10',
      claims: { tcbStatus: 'UpToDate' },
      refused: altered(['quote'], simulatedFault('N24').apply),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-body-type-known',
      rule: 'The body type of version 5 is one that is defined.',
      fixture: 'tdx-v5',
      claims: { tcbStatus: 'UpToDate' },
      refused: patched(V5.bodyType, 7),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-body-size-exact',
      rule: 'The body size of version 5 is exact.',
      fixture: 'tdx-v5',
      refused: patched(V5.bodySize, 0x89),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-body-tee',
      rule: 'The body type of version 5 is one of the TEE that the header names.',
      fixture: 'tdx-v5',
      refused: patched(V4.teeType, 0),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-body-extended',
      rule: 'The body of type 4 in version 5, TD report 1.5 Ex, has 885 bytes.',
      fixture: 'tdx-v5-ex',
      claims: { tcbStatus: 'UpToDate' },
      refused: patched(V5.bodySize, 0x74),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-body-enclave',
      rule: 'The body of type 1 in version 5 is of an SGX enclave, and the header says so.',
      fixture: 'sgx-v5',
      claims: { tcbStatus: 'UpToDate' },
      refused: patched(V4.teeType, 0x81),
      code: 'ERR_QUOTE_BODY',
    },
    {
      id: 'quote-enclave-reserved',
      rule: 'The header of version 4 has no SVNs, in quotes of SGX enclaves neither.',
      fixture: 'sgx-v4',
      claims: { tcbStatus: 'UpToDate' },
      refused: patched(V4.reserved, 1),
      code: 'ERR_QUOTE_RESERVED',
    },
    {
      id: 'quote-outer-certification-type',
      rule: 'The outer certification data of version 4 is of type 6, a QE report.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('N33').apply),
      code: 'ERR_QUOTE_CERTIFICATION_TYPE',
    },
    {
      id: 'quote-inner-certification-type',
      rule: 'The inner certification data is of type 5, a PEM chain.',
      fixture: 'tdx',
      refused: patched(V4.innerCertificationType, 4),
      code: 'ERR_QUOTE_CERTIFICATION_TYPE',
    },
    {
      id: 'quote-certification-size',
      rule: 'Sizes inside the signature data add up exactly.',
      fixture: 'tdx',
      refused: rewritten((quote) => {
        quote[V4.certificationSize] = ((quote[V4.certificationSize] ?? 0) + 1) & 0xff;
        return quote;
      }),
      code: 'ERR_QUOTE_SIGNATURE_DATA',
    },
    {
      id: 'quote-padding',
      rule: 'Padding follows the signature data, and is never part of it.',
      fixture: 'tdx',
      accepted: rewritten((quote) => concatBytes(quote, PADDING)),
      claims: { tcbStatus: 'UpToDate' },
      refused: rewritten((quote) => {
        const padded = concatBytes(quote, PADDING);
        const view = new DataView(padded.buffer);
        view.setUint32(V4.signatureSize, padded.length - V4.signature, true);
        return padded;
      }),
      code: 'ERR_QUOTE_SIGNATURE_DATA',
    },
    {
      id: 'quote-truncated',
      rule: 'A quote is complete.',
      fixture: 'tdx',
      refused: rewritten((quote) => quote.slice(0, -1)),
      code: 'ERR_QUOTE_TRUNCATED',
    },
    {
      id: 'quote-size',
      rule: 'A quote has at most 32 KiB, padding included.',
      fixture: 'tdx',
      accepted: rewritten((quote) => paddedTo(quote, MAX_QUOTE_BYTES)),
      refused: rewritten((quote) => paddedTo(quote, MAX_QUOTE_BYTES + 1)),
      code: 'ERR_QUOTE_TOO_LARGE',
    },
    {
      id: 'quote-chain-text',
      rule: 'The chain in a quote is text, ended by a zero byte at most.',
      fixture: 'tdx',
      refused: patched(V4.chain, 0x80),
      code: 'ERR_QUOTE_CHAIN',
    },
  ],
};

const PADDING = new Uint8Array(70);

function paddedTo(quote: Uint8Array, size: number): Uint8Array {
  return concatBytes(quote, new Uint8Array(size - quote.length));
}
