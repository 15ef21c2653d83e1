// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { get } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { encodeAttestationDocument } from '@proofgate/evidence';
import { parsePolicy } from '@proofgate/verifier';
import {
  ATTESTATION_PATH,
  AttestedAgent,
  connectTls,
  fetchAttestationDocument,
  isLocalhost,
  verifiedConnect,
} from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AttestedHost, attestedHost, HOSTNAME, IMAGE_DIGEST } from './attested-host.ts';
import { NOW, pemOf } from './private-pki.ts';
import { refusal } from './refusal.ts';

interface RunningHost extends AttestedHost {
  readonly port: number;
  /** Paths of the requests that arrived. */
  readonly requests: readonly string[];
}

/** Serves an attested host over real TLS, the way the proxy does: HTTP is parsed after the handshake. */
async function run(
  host: AttestedHost,
  options: TlsOptions = {},
  body?: string,
): Promise<RunningHost> {
  const requests: string[] = [];
  const http: Server = createHttpServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url === ATTESTATION_PATH) {
      response.end(body ?? encodeAttestationDocument(host.document));
    } else {
      response.end('hello');
    }
  });
  const tls = createServer({
    minVersion: 'TLSv1.3',
    cert: pemOf(...host.chain),
    key: host.leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ...options,
  });
  tls.on('secureConnection', (socket) => http.emit('connection', socket));
  tls.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    tls.close();
  });
  return { ...host, port: (tls.address() as AddressInfo).port, requests };
}

function requirements(host: AttestedHost, policy: object = { tee: 'tdx' }) {
  return {
    policy: parsePolicy({
      version: 1,
      roots: `sha256:${host.platform.rootSha256}`,
      ...policy,
    }),
    collateral: host.platform.collateral(),
    caRoots: [host.root.certificate],
    clock: () => NOW,
  };
}

describe('connecting', () => {
  it('returns the certificates as the peer presents them', async () => {
    const host = await run(await attestedHost());
    const { socket, chain } = await connectTls({ host: HOSTNAME, port: host.port });
    onTestFinished(() => void socket.destroy());
    expect(chain).toEqual(host.chain);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.isSessionReused()).toBe(false);
  });

  it('resolves localhost names to this machine', () => {
    expect(isLocalhost('hello.demo.localhost')).toBe(true);
    expect(isLocalhost('LOCALHOST.')).toBe(true);
    expect(isLocalhost('localhost.example.com')).toBe(false);
    expect(isLocalhost('notlocalhost')).toBe(false);
  });

  it('reports what it cannot reach', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await refusal(async () => connectTls({ host: '127.0.0.1', port }))).toBe(
      'ERR_CONNECT_UNAVAILABLE',
    );
    const old = await run(await attestedHost(), { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    expect(await refusal(async () => connectTls({ host: '127.0.0.1', port: old.port }))).toBe(
      'ERR_CONNECT_UNAVAILABLE',
    );
  });

  it('bounds the handshake in time and listens to its caller', async () => {
    const sockets: { destroy(): void }[] = [];
    const silent = createTcpServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const target = { host: '127.0.0.1', port };
    expect(await refusal(async () => connectTls({ ...target, timeoutMs: 30 }))).toBe(
      'ERR_CONNECT_TIMEOUT',
    );
    const controller = new AbortController();
    const pending = connectTls({ ...target, signal: controller.signal });
    const reason = new Error('stopped');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });
});

describe('the attestation document', () => {
  it('comes over the same connection, which can be used afterwards', async () => {
    const host = await run(await attestedHost());
    const { socket } = await connectTls({ host: '127.0.0.1', port: host.port });
    onTestFinished(() => void socket.destroy());
    const listeners = socket.eventNames().length;
    for (let round = 0; round < 3; round += 1) {
      const document = await fetchAttestationDocument(socket, { host: HOSTNAME });
      expect(document.eventLog).toEqual(host.events);
    }
    expect(host.requests.length).toBe(3);
    // The deadline of one request must not end the connection for the next.
    const timeoutMs = 200;
    await fetchAttestationDocument(socket, { host: HOSTNAME, timeoutMs });
    await once(AbortSignal.timeout(timeoutMs + 50), 'abort');
    await fetchAttestationDocument(socket, { host: HOSTNAME });
    expect(host.requests.length).toBe(5);
    expect(socket.eventNames().length).toBeLessThanOrEqual(listeners + 1);
  });

  it.each([
    ['is not JSON', '<html>', 'ERR_CONNECT_DOCUMENT'],
    ['is another document', '{}', 'ERR_DOCUMENT_INVALID'],
    ['is too large', 'x'.repeat(1_100_000), 'ERR_DOCUMENT_TOO_LARGE'],
  ])('is refused when it %s', async (_what, body, code) => {
    const host = await run(await attestedHost(), {}, body);
    const { socket } = await connectTls({ host: '127.0.0.1', port: host.port });
    onTestFinished(() => void socket.destroy());
    expect(await refusal(async () => fetchAttestationDocument(socket, { host: HOSTNAME }))).toBe(
      code,
    );
  });

  it('cannot be had over a connection that is closed, which is said at once', async () => {
    const host = await run(await attestedHost());
    const { socket } = await connectTls({ host: '127.0.0.1', port: host.port });
    socket.destroy();
    const day = { host: HOSTNAME, timeoutMs: 86_400_000 };
    expect(await refusal(async () => fetchAttestationDocument(socket, day))).toBe(
      'ERR_CONNECT_DOCUMENT',
    );
    const { socket: ended } = await connectTls({ host: '127.0.0.1', port: host.port });
    onTestFinished(() => void ended.destroy());
    ended.end();
    expect(await refusal(async () => fetchAttestationDocument(ended, day))).toBe(
      'ERR_CONNECT_DOCUMENT',
    );
    expect(host.requests).toEqual([]);
  });
});

describe('a verified connection', () => {
  it('proves its peer, with and without the document', async () => {
    const host = await run(await attestedHost());
    const target = { host: HOSTNAME, port: host.port };
    const plain = await verifiedConnect(target, requirements(host));
    onTestFinished(() => void plain.socket.destroy());
    expect(plain.verdict.binding).toBe('certificate');
    expect(host.requests).toEqual([]);
    const workloads = { hello: `sha256:${IMAGE_DIGEST}` };
    const proven = await verifiedConnect(target, requirements(host, { workloads }));
    onTestFinished(() => void proven.socket.destroy());
    expect(proven.verdict.workloads?.map(({ name }) => name)).toEqual(['hello']);
    expect(host.requests).toEqual([ATTESTATION_PATH]);
  });

  it('sends nothing to a peer that is refused', async () => {
    const host = await run(await attestedHost());
    const target = { host: HOSTNAME, port: host.port };
    const refused = async (policy: object) =>
      refusal(async () => verifiedConnect(target, requirements(host, policy)));
    expect(await refused({ tee: 'sev-snp' })).toBe('ERR_POLICY_TEE');
    expect(await refused({ roots: 'intel' })).toBe('ERR_CERT_ROOT_UNTRUSTED');
    const misnamed = { host: '127.0.0.1', port: host.port, servername: 'other.localhost' };
    expect(await refusal(async () => verifiedConnect(misnamed, requirements(host)))).toBe(
      'ERR_CERT_HOSTNAME',
    );
    expect(host.requests).toEqual([]);
  });
});

describe('an agent', () => {
  const request = async (agent: AttestedAgent, port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ host: HOSTNAME, port, path: '/secret', agent }, (response) => {
        const verdict = agent.verdictOf(response.socket);
        let text = `${verdict?.binding ?? 'unverified'} `;
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => {
          resolve(text);
        });
      }).on('error', reject);
    });

  it('verifies before a request leaves, and once for a kept-alive connection', async () => {
    const host = await run(await attestedHost());
    const agent = new AttestedAgent(requirements(host), { keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    expect(await request(agent, host.port)).toBe('certificate hello');
    expect(await request(agent, host.port)).toBe('certificate hello');
    expect(host.requests).toEqual(['/secret', '/secret']);
  });

  it('lets no request through to a peer that is refused', async () => {
    const host = await run(await attestedHost());
    const agent = new AttestedAgent(requirements(host, { tee: 'sgx' }));
    onTestFinished(() => {
      agent.destroy();
    });
    expect(await refusal(async () => request(agent, host.port))).toBe('ERR_POLICY_TEE');
    expect(host.requests).toEqual([]);
  });
});
