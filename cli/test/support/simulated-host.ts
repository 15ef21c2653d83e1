// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import {
  deterministicReportData,
  digestRuntimeEvent,
  encodeAttestationDocument,
  encodePem,
  formatQuoteTime,
  fromBase64Url,
  fromHex,
  OID,
  SESSION_EXPORTER_LABEL,
  sessionReportData,
  sha256,
  toBase64Url,
  toHex,
  utf8,
  type AttestationDocument,
  type ExtensionValue,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { ATTESTATION_PATH } from '@proofgate/verifier/node';

import { NOW } from './command.ts';

/** The workload that the host's event log names. */
export const IMAGE_DIGEST = '5a'.repeat(32);
const DAY_MS = 86_400_000;

/** What differs from a sound host. */
export interface HostWish {
  readonly imageProfile?: string;
  /** Text of an extension that no event repeats. */
  readonly dataKeyOrigin?: string;
  /** What is answered to a request for the document. */
  readonly answer?: (document: string) => { readonly status: number; readonly body: string };
  /** Answers whatever does not ask for evidence. */
  readonly app?: RequestListener;
}

/** An attested host on loopback, made of the simulator and the CA alone. */
export interface SimulatedHost {
  readonly platform: SimulatedPlatform;
  /** `localhost:<port>`. */
  readonly address: string;
  /** Root of the private PKI, PEM. */
  readonly rootPem: string;
  /** Root of the platform, PEM. */
  readonly platformRootPem: string;
  readonly chainPem: string;
  /** JSON. */
  readonly document: string;
  close(): Promise<void>;
}

/** Starts a host whose evidence holds when the roots are named. */
export async function startSimulatedHost(wish: HostWish = {}): Promise<SimulatedHost> {
  const platform = createSimulatedPlatform({ at: NOW });
  const { issuer, rootPem } = await pki();
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const events = eventLog(sha256(issuer.certificate.spki), wish);
  for (const event of events) await platform.extend(3, digestRuntimeEvent(event));
  const quote = await platform.quote(deterministicReportData(spki, NOW));
  const { chain, chainPem } = issuer.issueLeaf({
    spki,
    names: ['localhost'],
    notBefore: NOW,
    extensions: [{ oid: OID.tdxQuote, value: quote }, ...claims(wish)],
    purpose: 'server',
  });
  const document: AttestationDocument = {
    version: 1,
    host: 'localhost',
    tee: 'tdx',
    simulated: true,
    certificateChain: chain,
    quote,
    quoteTime: formatQuoteTime(NOW),
    eventLog: events,
    manifests: {},
  };
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const server = await serve({ key, cert: chainPem }, encodeAttestationDocument(document), wish, {
    platform,
    spki,
  });
  // Sound: a server that listens on a port has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    platform,
    address: `localhost:${String(port)}`,
    rootPem,
    platformRootPem: encodePem('CERTIFICATE', platform.rootCertificate),
    chainPem,
    document: encodeAttestationDocument(document),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

async function pki(): Promise<{ issuer: ReturnType<typeof loadIssuer>; rootPem: string }> {
  const at = new Date(NOW.getTime() - DAY_MS);
  const root = await createRoot({ commonName: 'Test root', days: 10, at });
  const intermediary = await createIntermediary({
    root,
    commonName: 'Test intermediary',
    permittedDomains: ['localhost'],
    days: 5,
    at,
  });
  const issuer = loadIssuer({
    certificatePem: encodePem('CERTIFICATE', intermediary.certificate),
    privateKeyPem: encodePrivateKey(intermediary.privateKey),
    at: NOW,
  });
  return { issuer, rootPem: encodePem('CERTIFICATE', root.certificate) };
}

function eventLog(caKey: Uint8Array, { imageProfile = 'production' }: HostWish): RuntimeEvent[] {
  return [
    {
      type: 'proofgate.platform',
      ca_spki_sha256: toHex(caKey),
      runtime_version: 'test',
      image_profile: imageProfile,
      platform_root: '00'.repeat(32),
    },
    {
      type: 'proofgate.workload.load',
      name: 'hello',
      image_ref: 'example.com/hello',
      image_digest: IMAGE_DIGEST,
      config_root: '22'.repeat(32),
      spec_digest: '11'.repeat(32),
    },
  ];
}

function claims({ imageProfile = 'production', dataKeyOrigin }: HostWish): ExtensionValue[] {
  return [
    { oid: OID.workloadRoot, value: fromHex('22'.repeat(32)) },
    { oid: OID.imageDigest, value: fromHex(IMAGE_DIGEST) },
    { oid: OID.imageProfile, value: utf8(imageProfile) },
    ...(dataKeyOrigin === undefined
      ? []
      : [{ oid: OID.dataKeyOrigin, value: utf8(dataKeyOrigin) }]),
  ];
}

async function serve(
  options: ServerOptions,
  document: string,
  { answer = (body) => ({ status: 200, body }), app }: HostWish,
  prover: Prover,
): Promise<Server> {
  const server = createServer(options, (request, response) => {
    if (app !== undefined && request.url !== ATTESTATION_PATH) {
      app(request, response);
      return;
    }
    if (request.method === 'POST') {
      void proveSession(request, prover).then((body) => {
        const status = body === undefined ? 400 : 200;
        response.writeHead(status, { 'content-type': 'application/json' }).end(body ?? '{}');
      });
      return;
    }
    const { status, body } = answer(document);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

interface Prover {
  readonly platform: SimulatedPlatform;
  readonly spki: Uint8Array;
}

/**
 * Answers RA-TLS v2, mode `challenge`: evidence over the caller's context and the exporter of this very connection. Like
 * the reference it knows no batches.
 */
async function proveSession(
  request: IncomingMessage,
  { platform, spki }: Prover,
): Promise<string | undefined> {
  const { context, mode } = (await json(request)) as { context: string; mode: string };
  if (mode !== 'challenge') return undefined;
  const value = fromBase64Url(context);
  // Sound: the server is an HTTPS server, whose connections are TLS sockets.
  const socket = request.socket as TLSSocket;
  const secret = socket.exportKeyingMaterial(32, SESSION_EXPORTER_LABEL, Buffer.from(value));
  const quote = await platform.quote(sessionReportData(spki, value, new Uint8Array(secret)));
  return JSON.stringify({
    v: 2,
    mode: 'challenge',
    tee: 'tdx',
    quote: toBase64Url(quote),
    gpu_evidence: null,
    quote_time: formatQuoteTime(NOW),
    client_evidence: 'none',
    client_context: null,
  });
}
