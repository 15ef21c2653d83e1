// SPDX-License-Identifier: Apache-2.0
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { attestedChannelCredentials, verdictOfCall } from '@proofgate/verifier/grpc';
import type { PeerRequirements } from '@proofgate/verifier/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { attestedIdentity, counting, HOSTNAME, requirementsFor } from './attested-identity.ts';
import { type AttestedServer, serveAttested, serveSilently } from './attested-server.ts';

const identity = await attestedIdentity();

const ECHO = {
  path: '/test.Echo/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;
const SERVICE: ServiceDefinition = { Echo: ECHO };
const EchoClient = makeGenericClientConstructor(SERVICE, 'Echo');

interface EchoServer extends AttestedServer {
  /** Messages and tokens that arrived. */
  readonly calls: string[];
}

async function serveEcho(): Promise<EchoServer> {
  const calls: string[] = [];
  const grpc = new Server();
  grpc.addService(SERVICE, {
    Echo: (
      call: { request: string; metadata: Metadata },
      callback: (error: null, answer: string) => void,
    ) => {
      calls.push([call.request, ...call.metadata.get('authorization')].join(' '));
      callback(null, call.request);
    },
  });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = await serveAttested(identity, {
    onHttp2: (socket) => {
      injector.injectConnection(socket);
    },
  });
  onTestFinished(() => {
    grpc.forceShutdown();
  });
  return { ...server, calls };
}

function connect(
  port: number,
  requirements: PeerRequirements,
  channelCredentials = attestedChannelCredentials(requirements),
): Client {
  const client = new EchoClient(`127.0.0.1:${port}`, channelCredentials, {
    'grpc.ssl_target_name_override': HOSTNAME,
    'grpc.default_authority': HOSTNAME,
    'grpc.enable_http_proxy': 0,
  });
  onTestFinished(() => {
    client.close();
  });
  return client;
}

async function echo(client: Client, message: string) {
  return new Promise<{ answer: string | undefined; binding: string | undefined }>(
    (resolve, reject) => {
      const deadline = new Date(Date.now() + 5_000);
      const call = client.makeUnaryRequest(
        ECHO.path,
        ECHO.requestSerialize,
        ECHO.responseDeserialize,
        message,
        new Metadata(),
        { deadline },
        (error, answer) => {
          if (error !== null) reject(error);
          else resolve({ answer, binding: verdictOfCall(call)?.binding });
        },
      );
    },
  );
}

async function failure(client: Client): Promise<ServiceError> {
  try {
    await echo(client, 'secret');
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('accepted');
}

describe('a gRPC channel', () => {
  it('calls a verified peer, over one connection for many calls', async () => {
    const { port, calls, resumed } = await serveEcho();
    const requirements = counting(requirementsFor(identity));
    const client = connect(port, requirements);
    expect(await echo(client, 'one')).toEqual({ answer: 'one', binding: 'certificate' });
    await Promise.all([echo(client, 'two'), echo(client, 'three')]);
    expect(calls.sort()).toEqual(['one', 'three', 'two']);
    expect(resumed).toEqual([false]);
    expect(requirements.count).toBe(1);
  });

  it('verifies a new connection anew', async () => {
    const { port, resumed, drop } = await serveEcho();
    const requirements = counting(requirementsFor(identity));
    const client = connect(port, requirements);
    await echo(client, 'one');
    drop();
    await expect
      .poll(async () => echo(client, 'two').catch(() => undefined))
      .toMatchObject({
        answer: 'two',
      });
    expect(requirements.count).toBe(2);
    expect(resumed).toEqual([false, false]);
  });

  it('shares no connection with a channel that has other requirements', async () => {
    const { port, calls } = await serveEcho();
    await echo(connect(port, requirementsFor(identity)), 'one');
    const strict = connect(port, requirementsFor(identity, { tee: 'sgx' }));
    expect((await failure(strict)).code).toBe(status.UNAVAILABLE);
    expect(calls).toEqual(['one']);
  });

  it('sends nothing to a peer that is refused, and says why', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const tokens = credentials.createFromMetadataGenerator((_options, callback) => {
      const metadata = new Metadata();
      metadata.set('authorization', 'secret');
      callback(null, metadata);
    });
    const requirements = requirementsFor(identity, { tee: 'sgx' });
    const composed = credentials.combineChannelCredentials(
      attestedChannelCredentials(requirements),
      tokens,
    );
    const error = await failure(connect(port, requirements, composed));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.details).toContain('ERR_POLICY_TEE: policy unnamed refuses: tee');
    expect((await nextClient()).length).toBe(0);
    const echoing = await serveEcho();
    const sound = credentials.combineChannelCredentials(
      attestedChannelCredentials(requirementsFor(identity)),
      tokens,
    );
    await echo(connect(echoing.port, requirements, sound), 'one');
    expect(echoing.calls).toEqual(['one secret']);
  });

  it('fetches the document beside the channel', async () => {
    const { port, requests, resumed } = await serveEcho();
    const client = connect(port, { ...requirementsFor(identity), fetchDocument: true });
    expect((await echo(client, 'one')).answer).toBe('one');
    expect(requests).toEqual(['GET /.well-known/attestation']);
    expect(resumed).toEqual([false, false]);
  });

  it('needs a host with HTTP/2, and a policy that it can meet', async () => {
    const { port } = await serveAttested(identity, { protocols: ['http/1.1'] });
    const error = await failure(connect(port, requirementsFor(identity)));
    expect(error.details).toContain('ERR_CONNECT_');
    const session = requirementsFor(identity, { freshness: { mode: 'session' } });
    expect(await refusal(() => attestedChannelCredentials(session))).toBe('ERR_VERIFIER_ARGUMENT');
  });
});
