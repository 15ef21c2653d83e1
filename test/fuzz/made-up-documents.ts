// SPDX-License-Identifier: Apache-2.0
import { concatBytes, utf8 } from '@proofgate/evidence';
import { json } from './corpus.ts';

const HASH = 'ab'.repeat(32);
const MEASUREMENT = 'cd'.repeat(48);

/** Policies: one with every member, and a small one. */
export const POLICIES: readonly Uint8Array[] = [
  json({
    $schema: 'https://example.com/policy.json',
    version: 1,
    name: 'production',
    description: 'what we run',
    tee: ['tdx', 'sev-snp'],
    roots: ['intel', `sha256:${HASH}`],
    measurements: { v1: { mrtd: MEASUREMENT, rtmr1: MEASUREMENT }, v2: { mrtd: MEASUREMENT } },
    tcb: {
      accept: ['UpToDate', 'SWHardeningNeeded'],
      minimumEvaluationNumber: 17,
      denyAdvisories: ['INTEL-SA-00615'],
      grace: {
        OutOfDate: { until: '2026-12-01T00:00:00Z' },
        ConfigurationNeeded: 'P90D',
        OutOfDateConfigurationNeeded: { duration: 'P2W' },
      },
      minimumSnp: { bootLoader: 3, tee: 0, snp: 8, microcode: 115 },
    },
    tdx: { allowAttributes: ['perfmon'], serviceTds: [MEASUREMENT] },
    extensions: { imageProfile: 'utf8:production', '1.2.3': 'hex:00FF' },
    workloads: { web: [`sha256:${HASH}`] },
    imageProfile: 'production',
    platforms: { fmspc: '90c06f000000', piid: ['00'.repeat(16)] },
    freshness: { mode: 'certificate', maxAge: 'PT12H' },
    allowDebug: false,
  }),
  json({ version: 1, tee: 'tdx' }),
];

/** Gateway states as the launcher pushes them. */
export const GATEWAY_STATES: readonly Uint8Array[] = [
  json({
    version: 1,
    revision: 7,
    bootId: '5f0c7a1e-boot',
    platform: {
      tee: 'tdx',
      simulated: true,
      runtimeVersion: 'proofgate 0.1.0',
      imageProfile: 'dev',
      manifest: 'AQID',
      ccel: 'AQID',
    },
    eventLog: [
      { type: 'proofgate.workload.unload', name: 'app' },
      { type: 'proofgate.ca', ca_spki_sha256: HASH },
    ],
    hosts: [
      {
        hostname: 'app.example.com',
        mode: 'http',
        upstream: 'http://127.0.0.1:8001',
        attestation: 'certificate',
        extensions: [{ oid: '1.3.6.1.4.1.65230.3.1', value: 'AQID' }],
        manifest: 'AQID',
        limits: { bodyBytes: 1, requestTimeoutMs: 2, idleTimeoutMs: 3, responseTimeoutMs: 4 },
      },
      {
        hostname: 'db.example.com',
        mode: 'tcp',
        upstream: '127.0.0.1:5432',
        attestation: 'session',
        extensions: [],
      },
    ],
  }),
];

/** Configuration files, with what YAML offers besides plain text. */
export const CONFIGS: readonly Uint8Array[] = [
  utf8(`# a machine with everything
version: "1"
platform:
  machine_name: prod1
  hostname: example.com
  tee: auto
  ca_cert: /data/ca.crt
  ca_key: /data/ca.key
  attestation_servers: [https://as.example.com/verify]
  listen: "0.0.0.0:443"
  data_dir: /var/lib/proofgate
  run_dir: /run/proofgate
  runtime: auto
  leaf_lifetime: 24h
  limits: { connections: 1000, body_bytes: 1GiB, request_timeout: 15m }
  management:
    oidc: { issuer: https://id.example.com, audience: enclave-os-virtual }
containers:
  - &app
    name: myapp
    image: ghcr.io/example/myapp@sha256:${'a'.repeat(64)}
    port: 8000
    health_check: { http: "http://127.0.0.1:8000/healthz" }
    env:
      LOG: debug
      TEXT: "two\\nlines"
      LONG: >-
        folded
        text
  - name: worker
    runtime: process
    command: ["/usr/bin/node", "/opt/worker/main.js"]
    port: 8001
routes:
  - hostname: legacy.example.com
    upstream: http://127.0.0.1:9000
  - hostname: db.example.com
    mode: tcp
    upstream: 127.0.0.1:5432
`),
  utf8('{ "version": "1", "platform": { "ca_cert": "/c", "ca_key": "/k" } }\n'),
];

/** First flights of TLS clients: a complete one, the same in small records, and one without extensions. */
export const CLIENT_HELLOS: readonly Uint8Array[] = [
  records(hello('app.example.com', [0x0a0a, 0x002b, 0x0033, 0xffbb]), 16_384),
  records(hello('app.example.com', [0x0033]), 40),
  records(message([...fixedPart()]), 16_384),
];

function hello(name: string, extensionTypes: readonly number[]): Uint8Array {
  const host = utf8(name);
  const serverName = vector(2, concatBytes(Uint8Array.of(0), vector(2, host)));
  const others = extensionTypes.map((type) =>
    concatBytes(u16(type), vector(2, new Uint8Array(32))),
  );
  const extensions = concatBytes(u16(0), vector(2, serverName), ...others);
  return message([...fixedPart(), vector(2, extensions)]);
}

/** RFC 8446, section 4.1.2: version, random, session id, cipher suites, compression methods. */
function fixedPart(): Uint8Array[] {
  return [
    Uint8Array.of(3, 3),
    new Uint8Array(32).fill(7),
    vector(1, new Uint8Array(32)),
    vector(2, Uint8Array.of(0x13, 0x01, 0x13, 0x02)),
    vector(1, Uint8Array.of(0)),
  ];
}

function message(parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(1), vector(3, concatBytes(...parts)));
}

function records(bytes: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) {
    parts.push(Uint8Array.of(22, 3, 1), vector(2, bytes.subarray(offset, offset + size)));
  }
  return concatBytes(...parts);
}

function vector(lengthBytes: number, content: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length);
  return concatBytes(length.subarray(4 - lengthBytes), content);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
