// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { get } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import {
  AttestedAgent,
  connectTls,
  type PeerRequirements,
  verifiedConnect,
} from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { targetOfUrl } from '../src/node/connectors/https-target.ts';
import { demandHttp2 } from '../src/node/connectors/demand-http2.ts';
import { targetOfChannel } from '../src/node/connectors/grpc/channel-target.ts';
import { refusal } from './refusal.ts';
import { attestedIdentity, HOSTNAME, requirementsFor } from './node/attested-identity.ts';
import { serveAttested } from './node/attested-server.ts';

const identity = await attestedIdentity();

describe('the server of a URL', () => {
  it.each([
    ['https://app.example/', { host: 'app.example', port: 443 }],
    ['https://app.example:8443/', { host: 'app.example', port: 8443 }],
    ['https://[::1]:8443/', { host: '::1', port: 8443 }],
  ])('%s is %j', (url, expected) => {
    expect(targetOfUrl(new URL(url), 'https:')).toEqual(expected);
  });

  it('is reached over TLS', async () => {
    expect(await refusal(() => targetOfUrl(new URL('http://app.example/'), 'https:'))).toBe(
      'ERR_CONNECT_INSECURE',
    );
    expect(await refusal(() => targetOfUrl(new URL('ws://app.example/'), 'wss:'))).toBe(
      'ERR_CONNECT_INSECURE',
    );
  });
});

describe('the server of a channel', () => {
  const target = (path: string, options: Parameters<typeof targetOfChannel>[1] = {}) =>
    targetOfChannel({ scheme: 'dns', authority: '', path }, options);

  it('has a name unless it is an address', () => {
    expect(target('app.example:8443')).toEqual({
      host: 'app.example',
      port: 8443,
      servername: 'app.example',
    });
    expect(target('app.example').port).toBe(443);
    expect(target('127.0.0.1:1')).toEqual({ host: '127.0.0.1', port: 1 });
    expect(target('127.0.0.1:1', { 'grpc.ssl_target_name_override': 'app.example' })).toEqual({
      host: '127.0.0.1',
      port: 1,
      servername: 'app.example',
    });
  });

  it('is the one behind a proxy', async () => {
    const behind = { 'grpc.http_connect_target': 'dns:app.example:8443' };
    expect(target('proxy.example:3128', behind)).toMatchObject({ host: 'app.example', port: 8443 });
    expect(await refusal(() => target('[::1'))).toBe('ERR_VERIFIER_ARGUMENT');
  });
});

describe('an agent', () => {
  const open = async (options: object) => {
    const { port } = await serveAttested(identity);
    const agent = new AttestedAgent(requirementsFor(identity));
    onTestFinished(() => {
      agent.destroy();
    });
    return new Promise<string>((resolve, reject) => {
      get({ agent, port, path: '/', ...options }, (response) => {
        response.resume().on('end', () => {
          resolve(agent.verdictOf(response.socket)?.binding ?? 'unverified');
        });
      }).on('error', reject);
    });
  };

  it('takes the host by any of its names', async () => {
    expect(await open({ host: HOSTNAME })).toBe('certificate');
    expect(await open({ hostname: HOSTNAME })).toBe('certificate');
    expect(await open({ host: '127.0.0.1', servername: HOSTNAME })).toBe('certificate');
  });

  it('refuses a host of another name', async () => {
    await expect(open({ host: 'other.localhost' })).rejects.toMatchObject({
      code: 'ERR_CERT_HOSTNAME',
    });
    await expect(open({})).rejects.toMatchObject({ code: 'ERR_CERT_HOSTNAME' });
  });
});

describe('a connection', () => {
  it('that is closed during the handshake is unavailable', async () => {
    const server = createTcpServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await refusal(async () => connectTls({ host: '127.0.0.1', port }))).toBe(
      'ERR_CONNECT_UNAVAILABLE',
    );
  });

  it('that its caller has given up is not opened', async () => {
    const signal = AbortSignal.abort();
    await expect(connectTls({ host: '127.0.0.1', port: 1, signal })).rejects.toBe(signal.reason);
  });

  it('may go through a tunnel, whose end no port names', async () => {
    const { port, requests } = await serveAttested(identity);
    const { freshness: _mode, ...required } = requirementsFor(identity);
    const through = async (host: string, more: Partial<PeerRequirements> = {}) => {
      const socket = connectTcp(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      return refusal(async () => {
        await verifiedConnect({ host, socket }, { ...required, fetchDocument: true, ...more });
      });
    };
    expect(await through(HOSTNAME)).toBe('accepted');
    expect(await through('::1')).toBe('ERR_CERT_HOSTNAME');
    const roots = { sha256: identity.platform.rootSha256 };
    expect(await through(HOSTNAME, { policy: 'none', roots })).toBe('accepted');
    expect(requests).toEqual(new Array(3).fill('GET /.well-known/attestation'));
  });

  it('speaks HTTP/2 where that is needed', async () => {
    const withProtocols = async (...alpnProtocols: string[]) => {
      const { port } = await serveAttested(identity, { protocols: alpnProtocols });
      const { socket } = await connectTls({ host: HOSTNAME, port, alpnProtocols });
      onTestFinished(() => void socket.destroy());
      return refusal(() => {
        demandHttp2(socket, HOSTNAME);
      });
    };
    expect(await withProtocols('h2')).toBe('accepted');
    expect(await withProtocols('http/1.1')).toBe('ERR_CONNECT_PROTOCOL');
  });
});
