// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { gatewayStateSchema, vmConfigSchema } from '@proofgate/api';
import { DaemonError, loadYaml, parseJson } from '@proofgate/daemon';
import {
  canonicalJson,
  encodeAttestationDocument,
  EvidenceError,
  parseAttestationDocument,
  parseCollateral,
  parseRuntimeEvent,
  toBase64,
  utf8,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { parsePolicyText, VerifierError } from '@proofgate/verifier';
import {
  FROM_V4,
  FROM_V6,
  proxyHeader,
  tlv,
  withChecksum,
} from '../../proxy/test/proxy-header-bytes.ts';
import { auditManifests, certificates, json, realBundles, realCollateral } from './corpus.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import {
  ClientHelloReader,
  parseProxyHeader,
  proxyHeaderLength,
  parseQeIdentity,
  parseTcbInfo,
  ProxyError,
} from './internal-parsers.ts';
import { CLIENT_HELLOS, CONFIGS, GATEWAY_STATES, POLICIES } from './made-up-documents.ts';

/** Connections that are passed on, with and without extras, and one that is not. */
const PROXY_HEADERS: readonly Uint8Array[] = [
  proxyHeader({ rest: FROM_V4 }),
  proxyHeader({ transport: 0x21, rest: Buffer.concat([FROM_V6, tlv(4, Buffer.alloc(9))]) }),
  proxyHeader({ command: 0x20, transport: 0 }),
  withChecksum(FROM_V4),
];

const HASH = 'ab'.repeat(32);
const EVENTS: readonly RuntimeEvent[] = [
  {
    type: 'proofgate.platform',
    ca_spki_sha256: HASH,
    runtime_version: 'proofgate 0.1.0',
    image_profile: 'production',
    platform_root: HASH,
  },
  {
    type: 'proofgate.workload.load',
    name: 'app',
    image_ref: 'registry.example/app:1',
    image_digest: HASH,
    config_root: HASH,
    spec_digest: HASH,
  },
  { type: 'proofgate.workload.unload', name: 'app' },
  { type: 'proofgate.ca', ca_spki_sha256: HASH },
];

const DOCUMENT = {
  version: 1,
  host: 'app.fuzz.example',
  tee: 'tdx',
  simulated: false,
  certificateChain: certificates.slice(0, 2).map(toBase64),
  quote: toBase64(new Uint8Array(700)),
  quoteTime: '2026-06-01T12:00Z',
  eventLog: EVENTS,
  ccel: toBase64(new Uint8Array(64)),
  manifests: { platform: toBase64(auditManifests[0] ?? new Uint8Array()) },
  ...(realCollateral[0] === undefined ? {} : { collateral: realCollateral[0] }),
};

const text = (input: Uint8Array): string => new TextDecoder().decode(input);
// JSON's own syntax errors are the caller's business, here as in the product.
const value = (input: Uint8Array): unknown => parseJson(input, 'input');

/** Parsers of JSON, YAML and of what clients send. */
export const DOCUMENT_PARSERS: readonly FuzzTarget[] = [
  {
    name: 'TCB info',
    format: 'json',
    corpus: realCollateral.map((bundle) => utf8(bundle.tcb_info)),
    errors: [VerifierError],
    parse: (input) => parseTcbInfo(text(input)),
  },
  {
    name: 'QE identity',
    format: 'json',
    corpus: realCollateral.map((bundle) => utf8(bundle.qe_identity)),
    errors: [VerifierError],
    parse: (input) => parseQeIdentity(text(input)),
  },
  {
    name: 'collateral bundle',
    format: 'json',
    corpus: realBundles,
    errors: [EvidenceError, DaemonError],
    parse: (input) => parseCollateral(value(input)),
  },
  {
    name: 'run-time event',
    format: 'json',
    corpus: EVENTS.map(json),
    errors: [EvidenceError, DaemonError],
    parse: (input) => {
      const event = parseRuntimeEvent(value(input));
      // Its digest is over this text: whatever is accepted must have one.
      canonicalJson(event);
    },
  },
  {
    name: 'attestation document',
    format: 'json',
    corpus: [json(DOCUMENT)],
    errors: [EvidenceError, DaemonError],
    parse: (input) => {
      const document = parseAttestationDocument(value(input));
      const again = parseAttestationDocument(JSON.parse(encodeAttestationDocument(document)));
      if (!isDeepStrictEqual(again, document)) throw new Error('written, it reads differently');
    },
  },
  {
    name: 'policy',
    format: 'json',
    corpus: POLICIES,
    errors: [VerifierError],
    parse: (input) => parsePolicyText(text(input)),
  },
  {
    name: 'gateway state',
    format: 'json',
    corpus: GATEWAY_STATES,
    errors: [DaemonError],
    parse: (input) => {
      const outcome = gatewayStateSchema.safeParse(value(input));
      if (!outcome.success) throw new DaemonError('ERR_DAEMON_JSON_INVALID', outcome.error.message);
    },
  },
  {
    name: 'config YAML',
    format: 'text',
    corpus: CONFIGS,
    // Written by people, read once at start: a quarter of a megabyte takes a second, which is linear.
    maxMs: 5_000,
    tokens: [
      '&a ',
      '*a',
      '<<: ',
      '!!binary ',
      '? ',
      '- ',
      '\n',
      '\t',
      '{',
      '[',
      '|\n',
      '>-\n',
      '...\n',
      '---\n',
      '#',
      '%YAML 1.1\n',
      '"',
      "'",
    ],
    errors: [DaemonError],
    parse: (input) => loadYaml(text(input), vmConfigSchema, 'fuzz.yaml'),
  },
  {
    name: 'ClientHello',
    format: 'bytes',
    corpus: CLIENT_HELLOS,
    errors: [ProxyError],
    parse: (input) => {
      const whole = readHello(input, input.length);
      // However the network cuts it, the answer is the same.
      const inParts = readHello(input, 1 + (input.length % 97));
      if (whole !== inParts)
        throw new Error(`${String(whole)} in one piece, ${String(inParts)} in several`);
    },
  },
  {
    name: 'header of the PROXY protocol',
    format: 'bytes',
    corpus: PROXY_HEADERS,
    errors: [ProxyError],
    parse: (input) => {
      const bytes = Buffer.from(input);
      const length = proxyHeaderLength(bytes);
      if (length === undefined || bytes.length < length) return;
      const { source, destination } = parseProxyHeader(bytes.subarray(0, length)) ?? {};
      for (const end of [source, destination]) {
        if (end !== undefined && isIP(end.host) === 0) throw new Error(`address ${end.host}`);
      }
    },
  },
];

function readHello(input: Uint8Array, step: number): string | undefined {
  const reader = new ClientHelloReader();
  for (let offset = 0; offset < input.length; offset += step) {
    const hello = reader.push(input.subarray(offset, offset + step));
    if (hello !== undefined) return hello.serverName ?? 'no name';
  }
  return undefined;
}
