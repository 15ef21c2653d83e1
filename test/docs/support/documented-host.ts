// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';
import { createServer, type TLSSocket } from 'node:tls';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import {
  type AttestationDocument,
  deterministicReportData,
  digestRuntimeEvent,
  encodeAttestationDocument,
  encodePem,
  formatQuoteTime,
  fromBase64Url,
  fromHex,
  OID,
  type RuntimeEvent,
  SESSION_CONTEXT_BYTES,
  SESSION_EXPORTER_LABEL,
  sessionReportData,
  sha256,
  toBase64Url,
  toHex,
  utf8,
} from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { ATTESTATION_PATH } from '@proofgate/verifier/node';
import { WebSocketServer } from 'ws';

/** The workload that the host proves to run. */
export const WORKLOAD = { name: 'app', imageDigest: '5a'.repeat(32) } as const;
const CONFIG_ROOT = '22'.repeat(32);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** An attested host on loopback, made of the simulator and the CA; it speaks everything that there are connectors for. */
export interface DocumentedHost {
  readonly platform: SimulatedPlatform;
  readonly port: number;
  /** Root of the private PKI. */
  readonly rootPem: string;
  readonly quote: Uint8Array;
  /** `METHOD path` of everything but questions for evidence, and `upgrade path`, in order of arrival. */
  readonly requests: string[];
  close(): Promise<void>;
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

interface Identity {
  readonly platform: SimulatedPlatform;
  readonly spki: Uint8Array;
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootPem: string;
  readonly document: AttestationDocument;
}

/** Starts a host for `localhost`. */
export async function startDocumentedHost(): Promise<DocumentedHost> {
  const identity = await issueIdentity(new Date());
  const requests: string[] = [];
  const answer = (request: Request, response: Response): void => {
    void respond(identity, requests, request, response);
  };
  const http1 = createHttp1(answer);
  const http2 = createHttp2(answer);
  echoWebSockets(http1, requests);
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      minVersion: 'TLSv1.3',
      cert: identity.chainPem,
      key: identity.keyPem,
      ALPNProtocols: ['h2', 'http/1.1'],
    },
    (socket) => {
      // A client that refuses its peer resets the connection.
      sockets.add(socket.on('error', () => undefined));
      (socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket);
    },
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    platform: identity.platform,
    // Sound: a server that listens on a port has an AddressInfo.
    port: (server.address() as AddressInfo).port,
    rootPem: identity.rootPem,
    quote: identity.document.quote,
    requests,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

async function issueIdentity(now: Date): Promise<Identity> {
  const notBefore = new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS);
  const platform = createSimulatedPlatform({ at: new Date(notBefore.getTime() - DAY_MS) });
  const { issuer, rootPem } = await pki(new Date(notBefore.getTime() - DAY_MS), now);
  const events = eventLog(sha256(issuer.certificate.spki));
  for (const event of events) await platform.extend(3, digestRuntimeEvent(event));

  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const quote = await platform.quote(deterministicReportData(spki, notBefore));
  const leaf = issuer.issueLeaf({
    spki,
    names: ['localhost'],
    notBefore,
    extensions: [
      { oid: OID.tdxQuote, value: quote },
      { oid: OID.workloadRoot, value: fromHex(CONFIG_ROOT) },
      { oid: OID.imageDigest, value: fromHex(WORKLOAD.imageDigest) },
      { oid: OID.imageProfile, value: utf8('production') },
    ],
    purpose: 'server',
  });
  return {
    platform,
    spki,
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: leaf.chainPem,
    rootPem,
    document: {
      version: 1,
      host: 'localhost',
      tee: 'tdx',
      simulated: true,
      certificateChain: leaf.chain,
      quote,
      quoteTime: formatQuoteTime(notBefore),
      eventLog: events,
      manifests: {},
      collateral: platform.collateral(),
    },
  };
}

async function pki(
  at: Date,
  now: Date,
): Promise<{ issuer: ReturnType<typeof loadIssuer>; rootPem: string }> {
  const root = await createRoot({ commonName: 'Documented root', days: 10, at });
  const intermediary = await createIntermediary({
    root,
    commonName: 'Documented intermediary',
    permittedDomains: ['localhost'],
    days: 5,
    at,
  });
  const issuer = loadIssuer({
    certificatePem: encodePem('CERTIFICATE', intermediary.certificate),
    privateKeyPem: encodePrivateKey(intermediary.privateKey),
    at: now,
  });
  return { issuer, rootPem: encodePem('CERTIFICATE', root.certificate) };
}

function eventLog(caKey: Uint8Array): RuntimeEvent[] {
  return [
    {
      type: 'proofgate.platform',
      ca_spki_sha256: toHex(caKey),
      runtime_version: 'documented',
      image_profile: 'production',
      platform_root: '00'.repeat(32),
    },
    {
      type: 'proofgate.workload.load',
      name: WORKLOAD.name,
      image_ref: 'example.com/app',
      image_digest: WORKLOAD.imageDigest,
      config_root: CONFIG_ROOT,
      spec_digest: '11'.repeat(32),
    },
  ];
}

function echoWebSockets(server: ReturnType<typeof createHttp1>, requests: string[]): void {
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    requests.push(`upgrade ${request.url ?? ''}`);
    webSockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (message, isBinary) => {
        client.send(message, { binary: isBinary });
      });
    });
  });
}

async function respond(
  identity: Identity,
  requests: string[],
  request: Request,
  response: Response,
): Promise<void> {
  if (request.url !== ATTESTATION_PATH) {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    await respondAsApp(request, response);
  } else if (request.method === 'GET') {
    response.end(encodeAttestationDocument(identity.document));
  } else {
    await respondWithEvidence(identity, request, response);
  }
}

/** A host of RA-TLS v2, which knows no `batch`: clients that ask for it first have to ask again. */
async function respondWithEvidence(
  identity: Identity,
  request: Request,
  response: Response,
): Promise<void> {
  const { mode, context } = (await json(request)) as { mode: string; context: string };
  if (mode === 'challenge') {
    response.end(await proveSession(identity, request, context));
    return;
  }
  response.statusCode = 400;
  response.end(JSON.stringify({ v: 2, error: 'unknown mode' }));
}

// A gRPC message travels as five bytes of framing and its content, which can go back as they came.
async function respondAsApp(request: Request, response: Response): Promise<void> {
  if (request.headers['content-type'] !== 'application/grpc') {
    response.end('hello');
    return;
  }
  const message = await buffer(request);
  response.setHeader('content-type', 'application/grpc');
  response.addTrailers({ 'grpc-status': '0' });
  response.end(message);
}

/** Answers RA-TLS v2, mode `challenge`: evidence over the caller's context and the exporter of this very connection. */
async function proveSession(
  { platform, spki }: Identity,
  request: Request,
  context: string,
): Promise<string> {
  const value = fromBase64Url(context);
  // Sound: behind the stand-in of HTTP/2 as well is the socket of the handshake.
  const socket = (
    'stream' in request ? request.stream.session?.socket : request.socket
  ) as TLSSocket;
  const secret = socket.exportKeyingMaterial(
    SESSION_CONTEXT_BYTES,
    SESSION_EXPORTER_LABEL,
    Buffer.from(value),
  );
  const quote = await platform.quote(sessionReportData(spki, value, new Uint8Array(secret)));
  return JSON.stringify({
    v: 2,
    mode: 'challenge',
    tee: 'tdx',
    quote: toBase64Url(quote),
    gpu_evidence: null,
    quote_time: formatQuoteTime(new Date()),
    client_evidence: 'none',
    client_context: null,
  });
}
