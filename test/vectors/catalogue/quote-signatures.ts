// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  concatBytes,
  encodeSgxReport,
  QUOTE_HEADER_BYTES,
} from '@proofgate/evidence';
import { simulatedFault } from '@proofgate/simulator';
import { altered } from '../making/make-parts.ts';
import { patched, reassembled, rewritten, V4 } from '../making/quotes.ts';
import { signRaw, withOtherS } from '../making/raw-signature.ts';
import type { CatalogueArea } from './catalogue-rule.ts';

/** Bytes of a version 5 quote between header and body. */
const DESCRIPTOR_BYTES = 6;

/** From the quote's signature to the PCK (Intel DCAP library, steps 4.1.2.5.13, .14 and .17). */
export const QUOTE_SIGNATURES: CatalogueArea = {
  area: 'quote signatures',
  rules: [
    {
      id: 'quote-signature-covers-body',
      rule: 'The attestation key signs the body.',
      fixture: 'tdx',
      refused: rewritten((quote) => {
        quote[V4.mrTd] = (quote[V4.mrTd] ?? 0) ^ 0xff;
        return quote;
      }),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'quote-signature-covers-header',
      rule: 'The attestation key signs the header, user data included.',
      fixture: 'tdx',
      refused: patched(QUOTE_HEADER_BYTES - 1, 1),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'quote-signature-covers-descriptor',
      rule: 'In version 5, the attestation key signs the body descriptor as well.',
      fixture: 'tdx-v5',
      refused: reassembled(({ signedRegion }, { maker }) => ({
        signature: signRaw(
          maker.keys.attestation.privateKey,
          concatBytes(
            signedRegion.subarray(0, QUOTE_HEADER_BYTES),
            signedRegion.subarray(QUOTE_HEADER_BYTES + DESCRIPTOR_BYTES),
          ),
        ),
      })),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'quote-signed-by-attestation-key',
      rule: 'The attestation key in the quote made its signature.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('N2').apply),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'quote-signature-range',
      rule: 'Both r and s are in 1 to n − 1; the larger of the two values of s is as good.',
      fixture: 'tdx',
      accepted: reassembled(({ signature }) => ({ signature: withOtherS(signature.signature) })),
      refused: reassembled(({ signature }) => ({
        signature: concatBytes(signature.signature.subarray(0, 32), new Uint8Array(32)),
      })),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'quote-attestation-key-on-curve',
      rule: 'The attestation key is a point of the curve.',
      fixture: 'tdx',
      refused: rewritten((quote) => {
        quote[V4.attestationKey + 63] = (quote[V4.attestationKey + 63] ?? 0) ^ 1;
        return quote;
      }),
      code: 'ERR_DCAP_QUOTE_SIGNATURE',
    },
    {
      id: 'qe-report-binds-attestation-key',
      rule: 'The QE report’s report data is SHA-256 of attestation key and authentication data.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('N3').apply),
      code: 'ERR_DCAP_QE_BINDING',
    },
    {
      id: 'qe-report-binds-authentication-data',
      rule: 'The authentication data is what the QE report covers.',
      fixture: 'tdx',
      refused: patched(V4.authData, 0xff),
      code: 'ERR_DCAP_QE_BINDING',
    },
    {
      id: 'qe-report-data-rest-zero',
      rule: 'The second half of the QE report’s report data is zero.',
      fixture: 'tdx',
      refused: reassembled(({ signature: { qeReport } }, { maker }) => {
        const reportData = asReportData(
          qeReport.reportData.map((byte, index) => (index === 63 ? 1 : byte)),
        );
        const qeReportBytes = encodeSgxReport({ ...qeReport, reportData });
        const qeReportSignature = signRaw(maker.keys.pck.privateKey, qeReportBytes);
        return { qeReportBytes, qeReportSignature };
      }),
      code: 'ERR_DCAP_QE_BINDING',
    },
    {
      id: 'qe-report-signed-by-pck',
      rule: 'The PCK signs the QE report.',
      fixture: 'tdx',
      refused: altered(['quote'], simulatedFault('N4').apply),
      code: 'ERR_DCAP_QE_SIGNATURE',
    },
    {
      id: 'qe-report-signed-by-pck-sgx',
      rule: 'The PCK signs the QE report of an SGX quote.',
      fixture: 'sgx',
      refused: reassembled(({ signature: { qeReportBytes } }, { maker }) => ({
        qeReportSignature: signRaw(maker.keys.attestation.privateKey, qeReportBytes),
      })),
      code: 'ERR_DCAP_QE_SIGNATURE',
    },
  ],
};
