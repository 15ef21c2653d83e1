// SPDX-License-Identifier: Apache-2.0
import { formatQuoteTime, OID, toBase64, utf8 } from '@proofgate/evidence';
import { QUOTE_TIME } from '../making/attested-host.ts';
import { newKeys, spkiOf } from '../making/certificates.ts';
import { fixed, presented, served } from '../making/make-parts.ts';
import { AT, DAY_MS, MINUTE_MS } from '../making/vector-maker.ts';
import type { CatalogueArea } from './catalogue-rule.ts';
import { SESSION } from './fixtures.ts';

const SECOND_MS = 1000;
const REPORT_DATA = 'ERR_BINDING_REPORT_DATA';
const SESSION_BINDING = 'ERR_BINDING_SESSION';
const GPU = Uint8Array.of(1, 2, 3);
/** How far apart clocks may be. */
const CLOCKS_MS: number = 5 * MINUTE_MS;
/** How old evidence in a document may be. */
const OLDEST_MS: number = DAY_MS + CLOCKS_MS;

/** What evidence is for (RA-TLS v1, deterministic report data; RA-TLS v2, challenge report data). */
export const BINDING: CatalogueArea = {
  area: 'binding',
  rules: [
    {
      id: 'binding-key',
      rule: 'Report data covers the certificate’s key.',
      fixture: 'host',
      claims: { binding: 'certificate', tcbStatus: 'UpToDate' },
      refused: presented({ quoted: { spki: spkiOf(newKeys()) } }),
      code: REPORT_DATA,
    },
    {
      id: 'binding-time',
      rule: 'Report data covers notBefore, to the minute.',
      fixture: 'host',
      accepted: presented({ quoted: { time: later(QUOTE_TIME, 59 * SECOND_MS) } }),
      refused: presented({ quoted: { time: later(QUOTE_TIME, MINUTE_MS) } }),
      code: REPORT_DATA,
    },
    {
      id: 'binding-gpu',
      rule: 'Report data covers the GPU evidence of the certificate.',
      fixture: 'host',
      accepted: presented({ gpuEvidence: GPU }),
      refused: presented({ gpuEvidence: GPU, quoted: { gpuEvidence: Uint8Array.of(1, 2, 4) } }),
      code: REPORT_DATA,
    },
    {
      id: 'binding-gpu-covered',
      rule: 'GPU evidence that report data does not cover is refused.',
      fixture: 'host',
      accepted: presented({ gpuEvidence: GPU }),
      refused: presented({ gpuEvidence: GPU, quoted: { gpuEvidence: undefined } }),
      code: REPORT_DATA,
    },
    {
      id: 'binding-gpu-there',
      rule: 'GPU evidence that report data covers is in the certificate.',
      fixture: 'host',
      refused: presented({ quoted: { gpuEvidence: GPU } }),
      code: REPORT_DATA,
    },
    {
      id: 'binding-lifetime',
      rule: 'An attested leaf lives for 24 hours at most.',
      fixture: 'host',
      accepted: presented({ notAfter: later(QUOTE_TIME, DAY_MS) }),
      refused: presented({ notAfter: later(QUOTE_TIME, DAY_MS + SECOND_MS) }),
      code: 'ERR_BINDING_LIFETIME',
    },
    {
      id: 'evidence-there',
      rule: 'The certificate carries evidence.',
      fixture: 'host',
      refused: presented({ evidence: () => [] }),
      code: 'ERR_EVIDENCE_MISSING',
    },
    {
      id: 'evidence-once',
      rule: 'The certificate carries one piece of evidence.',
      fixture: 'host',
      refused: presented({
        evidence: (quote) => [
          { oid: OID.tdxQuote, value: quote },
          { oid: OID.snpReport, value: new Uint8Array(1184) },
        ],
      }),
      code: 'ERR_ATTESTATION_MULTIPLE_EVIDENCE',
    },
    {
      id: 'evidence-kind',
      rule: 'The evidence is of the TEE that its extension says.',
      fixture: 'host',
      refused: presented({ evidence: (quote) => [{ oid: OID.sgxQuote, value: quote }] }),
      code: 'ERR_EVIDENCE_MISMATCH',
    },
    {
      id: 'evidence-mock',
      rule: 'A test marker is no evidence.',
      fixture: 'host',
      refused: presented({
        evidence: () => [{ oid: OID.tdxQuote, value: utf8('MOCK_QUOTE:anything') }],
      }),
      code: 'ERR_ATTESTATION_MOCK_QUOTE',
    },
    {
      id: 'evidence-values',
      rule: 'Values of the attestation arc have their form.',
      fixture: 'host',
      with: fixed({ document: null }),
      refused: presented({
        values: (values) =>
          values.map((one) =>
            one.oid === OID.imageDigest ? { ...one, value: one.value.slice(1) } : one,
          ),
      }),
      code: 'ERR_ATTESTATION_VALUE',
    },
    {
      id: 'session-exporter',
      rule: 'Evidence for a session covers the exporter value of this session.',
      fixture: 'session',
      claims: { binding: 'session', tcbStatus: 'UpToDate' },
      refused: fixed({ 'session.exported': toBase64(new Uint8Array(32).fill(1)) }),
      code: SESSION_BINDING,
    },
    {
      id: 'session-context',
      rule: 'Evidence for a session covers the context that the client chose.',
      fixture: 'session',
      refused: fixed({ 'session.context': toBase64(new Uint8Array(32).fill(1)) }),
      code: SESSION_BINDING,
    },
    {
      id: 'session-key',
      rule: 'Evidence for a session covers the key of the certificate.',
      fixture: 'session',
      refused: async ({ hosts }) => ({
        'session.quote': await hosts.sessionQuote(SESSION, spkiOf(newKeys())),
      }),
      code: SESSION_BINDING,
    },
    {
      id: 'session-gpu',
      rule: 'Evidence for a session covers the GPU evidence that came with it.',
      fixture: 'session',
      with: async ({ hosts }) => ({
        'session.quote': await hosts.sessionQuote({ ...SESSION, gpuEvidence: GPU }),
      }),
      accepted: fixed({ 'session.gpuEvidence': toBase64(GPU) }),
      refused: fixed({ 'session.gpuEvidence': toBase64(GPU.slice(1)) }),
      code: SESSION_BINDING,
    },
    {
      id: 'session-exporter-of-zeros',
      rule: 'An exporter value of zeros is no secret.',
      fixture: 'session',
      refused: fixed({ 'session.exported': toBase64(new Uint8Array(32)) }),
      code: 'ERR_REPORT_DATA_INPUT',
    },
    {
      id: 'document-key-and-time',
      rule: 'Evidence in a document covers the key of its certificate and the time it states.',
      fixture: 'document',
      claims: { binding: 'none', tcbStatus: 'UpToDate' },
      refused: fixed({ 'document.quoteTime': '2026-06-01T11:01Z' }),
      code: REPORT_DATA,
    },
    {
      id: 'document-age',
      rule: 'Evidence in a document is of the last day.',
      fixture: 'document',
      with: served({ notAfter: later(QUOTE_TIME, 3 * DAY_MS) }),
      accepted: fixed({ at: later(QUOTE_TIME, OLDEST_MS).toISOString() }),
      claims: { binding: 'none' },
      refused: fixed({ at: later(QUOTE_TIME, OLDEST_MS + SECOND_MS).toISOString() }),
      code: 'ERR_BINDING_LIFETIME',
    },
    {
      id: 'document-clock',
      rule: 'Evidence in a document is not of the future, but for clocks that differ.',
      fixture: 'document',
      with: async (context) => ({
        ...(await served({ quoted: { time: later(AT, CLOCKS_MS) } })(context)),
        'document.quoteTime': formatQuoteTime(later(AT, CLOCKS_MS)),
      }),
      claims: { binding: 'none' },
      refused: fixed({ at: later(AT, -SECOND_MS).toISOString() }),
      code: 'ERR_BINDING_LIFETIME',
    },
    {
      id: 'document-host',
      rule: 'The certificate in a document is for the host.',
      fixture: 'document',
      refused: fixed({ hostname: 'other.demo.localhost' }),
      code: 'ERR_CERT_HOSTNAME',
    },
  ],
};

function later(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
