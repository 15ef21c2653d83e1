// SPDX-License-Identifier: Apache-2.0
import { OID, utf8 } from '@proofgate/evidence';
import { QUOTE_TIME } from '../making/attested-host.ts';
import { newKeys, spkiOf } from '../making/certificates.ts';
import { fixed, policy, served } from '../making/make-parts.ts';
import { AT } from '../making/vector-maker.ts';
import type { CatalogueArea } from './catalogue-rule.ts';

/** An attestation document without anything else, as a browser has it: step by step and without a private PKI. */
export const UNBOUND_DOCUMENT: CatalogueArea = {
  area: 'unbound document',
  rules: [
    {
      id: 'unbound-key',
      rule: 'The evidence covers the key of the document’s certificate.',
      fixture: 'unbound-document',
      claims: { binding: 'none', tcbStatus: 'UpToDate' },
      refused: served({ quoted: { spki: spkiOf(newKeys()) } }),
      code: 'ERR_BINDING_REPORT_DATA',
    },
    {
      id: 'unbound-time',
      rule: 'The evidence covers the time that the document states.',
      fixture: 'unbound-document',
      refused: fixed({ 'document.quoteTime': '2026-06-01T10:59Z' }),
      code: 'ERR_BINDING_REPORT_DATA',
    },
    {
      id: 'unbound-certificate-current',
      rule: 'The document’s certificate is valid at the time of verification.',
      fixture: 'unbound-document',
      accepted: served({ notAfter: AT }),
      refused: served({ notAfter: new Date(AT.getTime() - 1000) }),
      code: 'ERR_CERT_EXPIRED',
    },
    {
      id: 'unbound-age',
      rule: 'The evidence is of the last day, and of no later than five minutes from now.',
      fixture: 'unbound-document',
      with: served({ notBefore: new Date(QUOTE_TIME.getTime() - 60_000) }),
      accepted: fixed({ 'document.quoteTime': '2026-06-01T10:59Z' }),
      refused: fixed({ 'document.quoteTime': '2026-05-31T10:59Z' }),
      code: 'ERR_BINDING_LIFETIME',
    },
    {
      id: 'unbound-log',
      rule: 'The log replays to RTMR3.',
      fixture: 'unbound-document',
      refused: fixed({ 'document.eventLog': [] }),
      code: 'ERR_EVENT_LOG_REPLAY',
    },
    {
      id: 'unbound-manifest',
      rule: 'The manifest has the root in the certificate.',
      fixture: 'unbound-document',
      refused: served({
        values: (values) => values.filter(({ oid }) => oid !== OID.workloadRoot),
      }),
      code: 'ERR_EVENT_LOG_MANIFEST',
    },
    {
      id: 'unbound-claims',
      rule: 'The image profile in the certificate is the measured one.',
      fixture: 'unbound-document',
      refused: served({
        values: (values) =>
          values.map((one) =>
            one.oid === OID.imageProfile ? { ...one, value: utf8('dev') } : one,
          ),
      }),
      code: 'ERR_EVIDENCE_MISMATCH',
    },
    {
      id: 'unbound-policy',
      rule: 'A document alone is as strong as no binding.',
      fixture: 'unbound-document',
      accepted: policy({ freshness: { maxAge: 'PT2H' } }),
      refused: policy({ freshness: { mode: 'certificate' } }),
      code: 'ERR_POLICY_FRESHNESS',
    },
  ],
};
