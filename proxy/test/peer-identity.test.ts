// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { peerKeySetSchema } from '@proofgate/api';
import { createIntermediary } from '@proofgate/ca/authorities';
import { decodePem, encodePem, sha256, toBase64Url, toHex, utf8 } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import type { ClientIdentity } from '@proofgate/verifier/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../src/index.ts';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { ask } from './http2-client.ts';
import {
  openVerified,
  outcomeOf,
  sendHttp1,
  sendHttp2,
  sendHttp2Upgrade,
  sendUpgrade,
  type Outcome,
  type Reach,
  type Send,
} from './peer-requests.ts';
import { CLIENT_ROOT, policyFor, testClient, type TestClient } from './test-clients.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// The proxy's workers are processes, which take long to start on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

/** Names of loopback, which connectors that take URLs look up. */
const hostOf = (mode: string): string => `${mode}.demo.localhost`;

/** Where clients run: one VM that the policy accepts, and one that it does not. */
const accepted = createSimulatedPlatform();
const foreign = createSimulatedPlatform();
let machine: TestMachine;
let upstream: HttpUpstream;
let proxy: RunningProxy;

beforeAll(async () => {
  machine = await startMachine();
  const { rootIdentity: root } = machine;
  const permittedDomains = ['demo.localhost'];
  await machine.writeCa(
    await createIntermediary({
      root,
      commonName: 'Test',
      permittedDomains,
      days: 10,
      at: new Date(),
    }),
  );
  upstream = await startHttpUpstream((incoming, outgoing) => {
    outgoing.end(JSON.stringify(incoming.headersDistinct));
  });
  upstream.server.on('upgrade', (incoming, socket) => {
    const accept = createHash('sha1')
      .update(
        `${String(incoming.headers['sec-websocket-key'])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
      )
      .digest('base64');
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade`;
    socket.end(
      `${head}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n${JSON.stringify(incoming.headersDistinct)}`,
    );
  });
  const collateral = join(machine.directory, 'collateral');
  await mkdir(collateral);
  await writeFile(join(collateral, 'client.json'), JSON.stringify(accepted.collateral()));
  await writeFile(join(machine.directory, 'policy.json'), JSON.stringify(policyFor(accepted)));
  const roots = join(machine.directory, 'client-root.pem');
  await writeFile(roots, encodePem('CERTIFICATE', CLIENT_ROOT.certificate));
  const route = (clients: string, client_policy?: unknown): object => ({
    hostname: hostOf(clients),
    upstream: upstream.upstream,
    clients,
    ...(client_policy === undefined ? {} : { client_policy }),
  });
  proxy = await machine.start(
    machine.config({
      routes: [
        route('none'),
        route('optional', policyFor(accepted)),
        route('required', join(machine.directory, 'policy.json')),
      ],
      platform: { workers: 1, clients: { collateral, roots, privasys_headers: true } },
    }),
  );
  await untilReady(proxy);
});
afterAll(async () => {
  await machine.close();
  await upstream.close();
});

function reach(): Reach {
  return {
    port: proxy.address.port,
    requirements: {
      policy: 'none',
      roots: { sha256: machine.platform.rootSha256 },
      collateral: machine.platform.collateral(),
      caRoots: decodePem(machine.root, 'CERTIFICATE'),
    },
  };
}

function proving({ platform, key, cert }: TestClient): ClientIdentity {
  const prove: ClientIdentity['prove'] = async (reportData) => ({
    tee: 'tdx',
    bytes: await platform.quote(reportData),
  });
  return { key, cert, prove };
}

const WAYS: readonly (readonly [string, Send, number])[] = [
  ['HTTP/1.1', sendHttp1, 200],
  ['an upgrade', sendUpgrade, 101],
  ['HTTP/2', sendHttp2, 200],
  ['an upgrade over HTTP/2', sendHttp2Upgrade, 101],
];

describe.each(WAYS)('over %s', (_way, sendOver, good) => {
  const send = (hostname: string, client?: ClientIdentity, fields?: object): Promise<Outcome> =>
    sendOver(reach(), hostname, client, fields);

  it('tells nothing of clients where nobody asks', async () => {
    const nothing = { status: good, told: {} };
    expect(await send(hostOf('none'))).toEqual(nothing);
    expect(await send(hostOf('none'), proving(await testClient({ platform: accepted })))).toEqual(
      nothing,
    );
    expect(
      await send(hostOf('none'), await testClient({ platform: foreign, quote: true })),
    ).toEqual(nothing);
  });

  it('lets anonymous clients through where they may, and nowhere else', async () => {
    expect(await send(hostOf('optional'))).toEqual({
      status: good,
      told: { 'x-privasys-attestation': ['none'] },
    });
    expect(await send(hostOf('required'))).toEqual({
      status: 403,
      code: 'ERR_PROXY_PEER_REQUIRED',
      told: {},
    });
    // A certificate that anybody can make proves nothing.
    const bare = await testClient({ platform: accepted });
    expect(await send(hostOf('required'), bare)).toMatchObject({ code: 'ERR_PROXY_PEER_REQUIRED' });
  });

  it.each(['optional', 'required'])('tells who the client is where it is %s', async (mode) => {
    const session = await testClient({ platform: accepted });
    const { status, told } = await send(hostOf(mode), proving(session));
    expect(status).toBe(good);
    const mrtd = toHex(accepted.measurements().mrtd);
    expect(told).toMatchObject({
      'x-proofgate-peer-verified': ['true'],
      'x-proofgate-peer-binding': ['session'],
      'x-proofgate-peer-tee': ['tdx'],
      'x-proofgate-peer-trust-anchor': [`custom:${accepted.rootSha256}`],
      'x-proofgate-peer-key-sha256': [toHex(sha256(session.spki))],
      'x-proofgate-peer-measurement': [mrtd],
      'x-proofgate-peer-app-id': ['000102030405060708090a0b0c0d0e0f'],
      'x-privasys-peer-verified': ['true'],
      'x-privasys-peer-measurement': [mrtd],
      'x-privasys-attestation': ['challenge'],
    });
    const certificate = await testClient({ platform: accepted, quote: true });
    expect((await send(hostOf(mode), certificate)).told).toMatchObject({
      'x-proofgate-peer-binding': ['certificate'],
      'x-privasys-attestation': ['deterministic'],
    });
  });

  it.each(['optional', 'required'])(
    'refuses who is not acceptable where it is %s',
    async (mode) => {
      const certificate = await testClient({ platform: foreign, quote: true });
      expect(await send(hostOf(mode), certificate)).toEqual({
        status: 403,
        code: 'ERR_PROXY_PEER_REFUSED',
        told: {},
      });
      const session = proving(await testClient({ platform: foreign }));
      await expect(send(hostOf(mode), session)).rejects.toMatchObject({
        code: 'ERR_SESSION_CLIENT_REFUSED',
      });
    },
  );

  it('removes what clients say of themselves under these names', async () => {
    const lies = {
      'X-Proofgate-Peer-Verified': 'true',
      'x-proofgate-PEER-token': 'a.b.c',
      X_Proofgate_Peer_Subject: 'tdx:00',
      'x-proofgate-peer.app-id': '00',
      'X-Privasys-Peer-Verified': ['true', 'true'],
      x_privasys_peer_app_id: '00',
      'X-Privasys-Attestation': 'challenge',
      X_PRIVASYS_ATTESTATION: 'challenge',
    };
    expect(await send(hostOf('none'), undefined, lies)).toEqual({ status: good, told: {} });
    expect((await send(hostOf('optional'), undefined, lies)).told).toEqual({
      'x-privasys-attestation': ['none'],
    });
    const client = proving(await testClient({ platform: accepted }));
    const { told } = await send(hostOf('required'), client, lies);
    expect(Object.values(told).every((values) => values.length === 1)).toBe(true);
    expect(Object.keys(told).filter((name) => /[^a-z0-9-]/.test(name))).toEqual([]);
    expect(told['x-proofgate-peer-app-id']).toEqual(['000102030405060708090a0b0c0d0e0f']);
  });

  it('signs it for the connection and the request', async () => {
    const hostname = hostOf('required');
    const client = await testClient({ platform: accepted });
    const one = await verified(await send(hostname, proving(client)));
    const { protectedHeader, payload } = one;
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'proofgate-peer+jwt' });
    const [leaf] = decodePem(client.cert, 'CERTIFICATE');
    expect(payload).toMatchObject({
      iss: `https://${hostname}`,
      cnf: { 'x5t#S256': toBase64Url(sha256(leaf!)) },
      req: toBase64Url(sha256(utf8(`GET https://${hostname}/a?b=c`))),
      peer: { binding: 'session', tee: 'tdx', policy: 'test clients' },
    });
    expect(payload.exp! - payload.iat!).toBe(60);
    const other = await verified(await send(hostname, proving(client)));
    // The same client over another connection.
    expect(other.payload.sub).toBe(payload.sub);
    expect(other.payload['cnf']).not.toEqual(payload['cnf']);
    expect(other.payload.jti).not.toBe(payload.jti);
  });
});

async function verified({ told }: Outcome) {
  const { status, body } = await machine.ask('GET', '/v1/peer-keys');
  expect(status).toBe(200);
  const keys = peerKeySetSchema.parse(body) as JSONWebKeySet;
  const [token = ''] = told['x-proofgate-peer-token'] ?? [];
  return jwtVerify(token, createLocalJWKSet(keys), { typ: 'proofgate-peer+jwt' });
}

describe('a token', () => {
  it('is of one request: other methods, paths, queries and hosts have others', async () => {
    const client = proving(await testClient({ platform: accepted }));
    const session = await openVerified(reach(), hostOf('required'), client);
    const requests = new Set<unknown>();
    const tokens = new Set<unknown>();
    for (const fields of [
      { ':path': '/a' },
      { ':path': '/b' },
      { ':path': '/a?b' },
      { ':method': 'POST', ':path': '/a' },
      { ':path': '/a' },
    ]) {
      const { body } = await ask(session, hostOf('required'), fields);
      const [token = ''] = outcomeOf(200, body).told['x-proofgate-peer-token'] ?? [];
      requests.add(decodeJwt(token)['req']);
      tokens.add(token);
    }
    session.destroy();
    expect(requests.size).toBe(4);
    // The first and the last are for the same request on the same connection.
    expect(tokens.size).toBe(4);
  });
});
