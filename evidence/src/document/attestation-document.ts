// SPDX-License-Identifier: Apache-2.0
import { formatQuoteTime } from '../binding/report-data.ts';
import { toBase64 } from '../bytes/base64.ts';
import { utf8 } from '../bytes/utf8.ts';
import { MAX_AUDIT_MANIFEST_BYTES } from '../config/audit-manifest.ts';
import { EvidenceError } from '../errors.ts';
import { MAX_EVENT_LOG_BYTES } from '../log/ccel.ts';
import { parseRuntimeEvent, type RuntimeEvent } from '../log/runtime-event.ts';
import { MAX_RUNTIME_EVENTS } from '../log/runtime-log.ts';
import { MAX_QUOTE_BYTES } from '../quote/quote-limits.ts';
import { MAX_CERTIFICATE_BYTES } from '../x509/certificate.ts';
import { parseCollateral, type Collateral } from './collateral.ts';
import { StrictObject } from '../json/strict-object.ts';

/**
 * What `GET /.well-known/attestation` answers: the evidence behind a host's certificate, for people
 * and programs that cannot see the certificate or want more than it holds.
 *
 * Only what a verified quote binds is proved by it. `simulated` is a hint for display: a verifier
 * learns from the root of the quote's chain whether a platform is simulated.
 */
export interface AttestationDocument {
  readonly version: 1;
  /** Name of the host that answers. */
  readonly host: string;
  readonly tee: 'tdx' | 'sev-snp';
  readonly simulated: boolean;
  /** DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  /** Quote or report. */
  readonly quote: Uint8Array;
  /** `YYYY-MM-DDTHH:MMZ`, as it entered the report data. */
  readonly quoteTime: string;
  /** What was extended into RTMR3. */
  readonly eventLog: readonly RuntimeEvent[];
  /** Event log of the firmware. */
  readonly ccel?: Uint8Array;
  /** Audit manifests of the configuration trees. */
  readonly manifests: {
    readonly platform?: Uint8Array;
    readonly workload?: Uint8Array;
  };
  readonly collateral?: Collateral;
}

/**
 * Largest document, in bytes of JSON. The largest part is the firmware's log: 20 KiB of events,
 * more with its padding. Read no more than this from the network.
 */
export const MAX_DOCUMENT_BYTES: number = 1024 * 1024;

/** Most certificates in a chain: leaf, intermediates, root. */
const MAX_CHAIN_CERTIFICATES = 8;

/** Longest host name (RFC 1035, section 2.3.4), or address in its place. */
const MAX_HOST_CHARACTERS = 253;

const QUOTE_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$/;
const CODE = 'ERR_DOCUMENT_INVALID';

/**
 * Reads an attestation document. Certificates, quote and logs inside are not parsed further.
 *
 * @param value what `JSON.parse` returned for at most {@link MAX_DOCUMENT_BYTES} bytes
 * @throws EvidenceError `ERR_DOCUMENT_INVALID`, `ERR_RUNTIME_EVENT`, `ERR_COLLATERAL_INVALID`
 */
export function parseAttestationDocument(value: unknown): AttestationDocument {
  const object = new StrictObject(value, 'document', CODE);
  const ccel = object.optional('ccel', (key) => object.base64(key, MAX_EVENT_LOG_BYTES));
  const collateral = object.optional('collateral', (key) => parseCollateral(object.value(key)));
  const document: AttestationDocument = {
    version: object.oneOf('version', [1]),
    host: object.pattern('host', /^[\x21-\x7e]+$/, 'a host name', MAX_HOST_CHARACTERS),
    tee: object.oneOf('tee', ['tdx', 'sev-snp']),
    simulated: object.boolean('simulated'),
    certificateChain: object.base64List(
      'certificateChain',
      MAX_CHAIN_CERTIFICATES,
      MAX_CERTIFICATE_BYTES,
    ),
    quote: object.base64('quote', MAX_QUOTE_BYTES),
    quoteTime: readQuoteTime(object),
    eventLog: object.list('eventLog', MAX_RUNTIME_EVENTS).map(parseRuntimeEvent),
    ...(ccel === undefined ? {} : { ccel }),
    manifests: parseManifests(object.value('manifests')),
    ...(collateral === undefined ? {} : { collateral }),
  };
  object.finish();
  return document;
}

/**
 * Writes an attestation document.
 *
 * @returns JSON, the same text for the same document
 * @throws EvidenceError `ERR_DOCUMENT_TOO_LARGE` when no reader would take it
 */
export function encodeAttestationDocument(document: AttestationDocument): string {
  const { ccel, collateral, manifests } = document;
  const json = JSON.stringify({
    version: document.version,
    host: document.host,
    tee: document.tee,
    simulated: document.simulated,
    certificateChain: document.certificateChain.map(toBase64),
    quote: toBase64(document.quote),
    quoteTime: document.quoteTime,
    eventLog: document.eventLog,
    ...(ccel === undefined ? {} : { ccel: toBase64(ccel) }),
    manifests: {
      ...(manifests.platform === undefined ? {} : { platform: toBase64(manifests.platform) }),
      ...(manifests.workload === undefined ? {} : { workload: toBase64(manifests.workload) }),
    },
    ...(collateral === undefined ? {} : { collateral }),
  });
  const size = utf8(json).length;
  if (size > MAX_DOCUMENT_BYTES) {
    throw new EvidenceError('ERR_DOCUMENT_TOO_LARGE', 'attestation document is too large', {
      expected: `at most ${MAX_DOCUMENT_BYTES} bytes`,
      seen: `${size} bytes`,
      hint: 'leave the padding of the firmware event log out',
    });
  }
  return json;
}

function readQuoteTime(object: StrictObject): string {
  const text = object.pattern('quoteTime', QUOTE_TIME, 'YYYY-MM-DDTHH:MMZ', 17);
  const date = new Date(text.replace('Z', ':00Z'));
  // Report data is computed over the text, so 31 February must not silently become 3 March.
  if (Number.isNaN(date.getTime()) || formatQuoteTime(date) !== text) {
    throw new EvidenceError(CODE, 'document.quoteTime is not a date', { seen: text });
  }
  return text;
}

function parseManifests(value: unknown): AttestationDocument['manifests'] {
  const object = new StrictObject(value, 'document.manifests', CODE);
  const manifest = (key: string): Uint8Array => object.base64(key, MAX_AUDIT_MANIFEST_BYTES);
  const platform = object.optional('platform', manifest);
  const workload = object.optional('workload', manifest);
  object.finish();
  return {
    ...(platform === undefined ? {} : { platform }),
    ...(workload === undefined ? {} : { workload }),
  };
}
