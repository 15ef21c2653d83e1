// SPDX-License-Identifier: Apache-2.0
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import {
  batchReportData,
  batchTree,
  encodeAttestationDocument,
  fromBase64Url,
  SESSION_CONTEXT_BYTES,
  SESSION_EXPORTER_LABEL,
  sessionLeaf,
  sessionReportData,
  toBase64Url,
} from '@proofgate/evidence';
import { ATTESTATION_PATH } from '@proofgate/verifier/node';
import { onTestFinished } from 'vitest';
import type { SimulatedPlatform } from '@proofgate/simulator';
import { AT, type AttestedIdentity } from './attested-identity.ts';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** What differs from a server that speaks HTTP/1.1 and HTTP/2 and shows its evidence. */
export interface ServerWish {
  readonly protocols?: readonly string[];
  /** Takes over connections that negotiated HTTP/2. */
  readonly onHttp2?: (socket: TLSSocket) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Makes the answer to a session challenge out of the sound one. */
  readonly challenge?: (request: ChallengeRequest, socket: TLSSocket) => Promise<unknown>;
  readonly onRequest?: (request: Request, response: Response) => void;
}

/** A question as it arrives. */
export interface ChallengeRequest {
  readonly v: number;
  readonly mode: string;
  readonly leaf: string;
  readonly context?: string;
}

/** A running server and what it saw. */
export interface AttestedServer {
  readonly port: number;
  /** `METHOD path`, in order of arrival. */
  readonly requests: string[];
  /** One for each handshake: whether it resumed a session. */
  readonly resumed: boolean[];
  /** Ends every connection. */
  drop(): void;
}

/** Serves an identity over real TLS, the way the proxy does: HTTP is parsed after the handshake. */
export async function serveAttested(
  identity: AttestedIdentity,
  wish: ServerWish = {},
): Promise<AttestedServer> {
  const requests: string[] = [];
  const resumed: boolean[] = [];
  const sockets = new Set<TLSSocket>();
  const answer = (request: Request, response: Response): void => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    void respond(identity, wish, request, response);
  };
  const http1 = createHttp1(answer);
  if (wish.onUpgrade !== undefined) http1.on('upgrade', wish.onUpgrade);
  const http2 = createHttp2(answer);
  const tls = createServer(
    {
      minVersion: 'TLSv1.3',
      cert: identity.chainPem,
      key: identity.keyPem,
      ALPNProtocols: [...(wish.protocols ?? ['h2', 'http/1.1'])],
    },
    (socket) => {
      sockets.add(socket.on('error', () => undefined));
      resumed.push(socket.isSessionReused());
      const onHttp2 = wish.onHttp2 ?? ((connection) => http2.emit('connection', connection));
      if (socket.alpnProtocol === 'h2') onHttp2(socket);
      else http1.emit('connection', socket);
    },
  );
  tls.on('tlsClientError', () => undefined);
  const port = await listen(tls);
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(() => {
    drop();
    tls.close();
  });
  return { port, requests, resumed, drop };
}

/** A server that shows a certificate and keeps every byte that clients send after the handshake. */
export async function serveSilently(identity: AttestedIdentity): Promise<{
  readonly port: number;
  /** What the next client sent until it went away. */
  readonly nextClient: () => Promise<Buffer>;
}> {
  const waiting: ((received: Buffer) => void)[] = [];
  const finished: Buffer[] = [];
  const tls = createServer(
    {
      minVersion: 'TLSv1.3',
      cert: identity.chainPem,
      key: identity.keyPem,
      ALPNProtocols: ['h2', 'http/1.1'],
    },
    (socket) => {
      const parts: Buffer[] = [];
      socket.on('error', () => undefined);
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('close', () => {
        const received = Buffer.concat(parts);
        const next = waiting.shift();
        if (next === undefined) finished.push(received);
        else next(received);
      });
    },
  );
  tls.on('tlsClientError', () => undefined);
  const port = await listen(tls);
  onTestFinished(() => void tls.close());
  return {
    port,
    nextClient: async () => {
      const received = finished.shift();
      if (received !== undefined) return received;
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** The sound answer to a question: evidence for the session that it came over, or for the key. */
export async function soundAnswer(
  { platform, spki, document }: AttestedIdentity,
  { mode, context }: ChallengeRequest,
  socket: TLSSocket,
): Promise<object> {
  const common = {
    v: 2,
    mode,
    tee: 'tdx',
    gpu_evidence: null,
    client_evidence: 'none',
    client_context: null,
  };
  if (context === undefined) {
    return { ...common, quote: toBase64Url(document.quote), quote_time: document.quoteTime };
  }
  const bytes = fromBase64Url(context);
  const secret = socket.exportKeyingMaterial(
    SESSION_CONTEXT_BYTES,
    SESSION_EXPORTER_LABEL,
    Buffer.from(bytes),
  );
  const exported = new Uint8Array(secret);
  if (mode === 'batch') {
    const { path, ...batch } = await soundBatch(platform, spki, bytes, exported);
    return { ...common, ...batch, path: path.map(toBase64Url) };
  }
  const quote = await platform.quote(sessionReportData(spki, bytes, exported));
  return { ...common, quote: toBase64Url(quote), quote_time: '2026-06-01T12:00Z' };
}

/** The session as the second of three. */
async function soundBatch(
  platform: SimulatedPlatform,
  spki: Uint8Array,
  context: Uint8Array,
  exported: Uint8Array,
) {
  const others: Uint8Array[] = [1, 2].map((fill) => new Uint8Array(64).fill(fill));
  const tree = batchTree(others.toSpliced(1, 0, sessionLeaf('server', spki, context, exported)));
  const quote = await platform.quote(batchReportData(tree.root, tree.size, AT));
  const { size } = tree;
  return { quote: toBase64Url(quote), index: 1, size, time: AT.getTime(), path: tree.path(1) };
}

async function respond(
  identity: AttestedIdentity,
  wish: ServerWish,
  request: Request,
  response: Response,
): Promise<void> {
  if (request.url !== ATTESTATION_PATH) {
    if (wish.onRequest === undefined) response.end('hello');
    else wish.onRequest(request, response);
  } else if (request.method === 'GET') {
    response.end(encodeAttestationDocument(identity.document));
  } else {
    const question = JSON.parse(await textOf(request)) as ChallengeRequest;
    // Sound: behind the stand-in of HTTP/2 as well is the socket of the handshake.
    const socket = (
      'stream' in request ? request.stream.session?.socket : request.socket
    ) as TLSSocket;
    const make = wish.challenge ?? (async () => soundAnswer(identity, question, socket));
    const made = await make(question, socket);
    if (typeof made === 'number') response.statusCode = made;
    response.end(typeof made === 'string' ? made : JSON.stringify(made));
  }
}

/** Reads a message's body. */
export async function textOf(message: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
