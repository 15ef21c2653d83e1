// SPDX-License-Identifier: Apache-2.0
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type MethodDefinition,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { startWorker, type TestHost, type TestWorker } from './test-worker.ts';
import { testIdentity } from './test-identity.ts';

const HOST = 'app.example.com';
const SOON = { timeoutMs: 4_000 };
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Text = MethodDefinition<string, string>;

/** A method of texts: what a message contains is nothing to the proxy. */
function method(name: string, requestStream: boolean, responseStream: boolean): Text {
  const read = (bytes: Buffer): string => bytes.toString();
  const write = (text: string): Buffer => Buffer.from(text);
  return {
    path: `/test.Texts/${name}`,
    requestStream,
    responseStream,
    requestSerialize: write,
    requestDeserialize: read,
    responseSerialize: write,
    responseDeserialize: read,
  };
}

const METHODS = {
  unary: method('Unary', false, false),
  download: method('Download', false, true),
  upload: method('Upload', true, false),
  chat: method('Chat', true, true),
};

class Texts {
  cancelled = 0;
  readonly service = {
    unary: (call: ServerUnaryCall<string, string>, answer: sendUnaryData<string>): void => {
      call.on('cancelled', () => (this.cancelled += 1));
      if (call.request === 'hang') return;
      const trailers = new Metadata();
      trailers.set('x-trailer', 'seen');
      if (call.request === 'refuse') {
        answer({ code: status.PERMISSION_DENIED, details: 'not you', metadata: trailers });
        return;
      }
      answer(null, `${call.request} from ${String(call.metadata.get('x-asked')[0])}`, trailers);
    },
    download: (call: ServerWritableStream<string, string>): void => {
      for (let count = 0; count < Number(call.request); count += 1) call.write(String(count));
      call.end();
    },
    upload: (call: ServerReadableStream<string, string>, answer: sendUnaryData<string>): void => {
      let bytes = 0;
      call.on('data', (text: string) => (bytes += text.length));
      call.on('end', () => answer(null, String(bytes)));
    },
    chat: (call: ServerDuplexStream<string, string>): void => {
      call.on('cancelled', () => (this.cancelled += 1));
      call.on('data', (text: string) => call.write(text.toUpperCase()));
      call.on('end', () => call.end());
    },
  };
}

async function startServer(port = 0): Promise<{ texts: Texts; server: Server; port: number }> {
  const texts = new Texts();
  const server = new Server();
  server.addService(METHODS, texts.service);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `127.0.0.1:${String(port)}`,
      ServerCredentials.createInsecure(),
      (error, at) => (error === null ? resolve(at) : reject(error)),
    );
  });
  closers.push(() => server.forceShutdown());
  return { texts, server, port: bound };
}

interface Setup {
  readonly texts: Texts;
  readonly server: Server;
  readonly port: number;
  readonly worker: TestWorker;
  readonly client: Client;
}

async function setup(host: Partial<TestHost> = {}): Promise<Setup> {
  const { texts, server, port } = await startServer();
  const upstream = `h2c://127.0.0.1:${String(port)}`;
  const worker = await startWorker([{ hostname: HOST, upstream, ...host }]);
  closers.push(() => worker.close());
  return { texts, server, port, worker, client: dial(worker) };
}

function dial(worker: TestWorker): Client {
  const { chain } = testIdentity(HOST, 0);
  const trusted = credentials.createSsl(Buffer.from(chain), null, null, {
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const client = new Client(`127.0.0.1:${String(worker.port)}`, trusted, {
    'grpc.ssl_target_name_override': HOST,
    'grpc.default_authority': HOST,
  });
  closers.push(() => client.close());
  return client;
}

interface Told {
  readonly error: ServiceError | null;
  readonly value: string | undefined;
  readonly trailers: Metadata | undefined;
}

function call(client: Client, text: string, deadlineMs = 5_000): Promise<Told> {
  const { path, requestSerialize, responseDeserialize } = METHODS.unary;
  const metadata = new Metadata();
  metadata.set('x-asked', 'test');
  const deadline = Date.now() + deadlineMs;
  return new Promise((resolve) => {
    let trailers: Metadata | undefined;
    let told: Omit<Told, 'trailers'> | undefined;
    const finish = (): void => {
      if (told !== undefined && trailers !== undefined) resolve({ ...told, trailers });
    };
    client
      .makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        text,
        metadata,
        { deadline },
        (error, value) => {
          told = { error, value };
          finish();
        },
      )
      .on('status', (end) => {
        trailers = end.metadata;
        finish();
      });
  });
}

describe('gRPC', () => {
  it('calls get answers, with metadata and trailers', async () => {
    const { client, worker } = await setup();
    const { error, value, trailers } = await call(client, 'hello');
    expect(error).toBeNull();
    expect(value).toBe('hello from test');
    expect(trailers?.get('x-trailer')).toEqual(['seen']);
    const record = await waitFor(() => worker.accessLog[0], SOON);
    expect(record).toMatchObject({ status: 200, method: 'POST', path: '/test.Texts/Unary' });
    expect(record.code).toBeUndefined();
  });

  it('errors come as they were said', async () => {
    const { client } = await setup();
    const { error } = await call(client, 'refuse');
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, details: 'not you' });
    expect(error?.metadata.get('x-trailer')).toEqual(['seen']);
  });

  it('many calls share the connections', async () => {
    const { client } = await setup();
    const calls = Array.from({ length: 300 }, (_, index) => call(client, String(index)));
    const values = (await Promise.all(calls)).map(({ value }) => value);
    expect(values).toEqual(Array.from({ length: 300 }, (_, index) => `${String(index)} from test`));
  });

  it('an unknown method is unimplemented', async () => {
    const { client } = await setup();
    const { requestSerialize, responseDeserialize } = METHODS.unary;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest('/a/b', requestSerialize, responseDeserialize, 'x', resolve);
    });
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  it('streams from the server arrive in order', async () => {
    const { client } = await setup();
    const { path, requestSerialize, responseDeserialize } = METHODS.download;
    const got: string[] = [];
    const stream = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      '2000',
    );
    stream.on('data', (text: string) => got.push(text));
    await new Promise((resolve) => stream.once('end', resolve));
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, index) => String(index)));
  });

  it('streams from the client arrive whole', async () => {
    const { client } = await setup();
    const { path, requestSerialize, responseDeserialize } = METHODS.upload;
    const value = await new Promise<string | undefined>((resolve, reject) => {
      const stream = client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        (error, text) => (error === null ? resolve(text) : reject(error)),
      );
      for (let count = 0; count < 100; count += 1) stream.write('x'.repeat(10_000));
      stream.end();
    });
    expect(value).toBe('1000000');
  });

  it('messages pass both ways while both streams are open', async () => {
    const { client } = await setup();
    const stream = chat(client);
    for (const text of ['one', 'two', 'three']) {
      stream.write(text);
      const answer = await new Promise((resolve) => stream.once('data', resolve));
      expect(answer).toBe(text.toUpperCase());
    }
    const ended = new Promise<number>((resolve) => {
      stream.once('status', ({ code }) => resolve(code));
    });
    stream.end();
    expect(await ended).toBe(status.OK);
  });

  it('a call that the client cancels is cancelled at the server', async () => {
    const { client, texts, worker } = await setup();
    const stream = chat(client);
    stream.on('error', () => undefined);
    stream.write('hello');
    await new Promise((resolve) => stream.once('data', resolve));
    stream.cancel();
    await waitFor(() => texts.cancelled === 1, SOON);
    const record = await waitFor(() => worker.accessLog[0], SOON);
    expect(record).toMatchObject({ code: 'ERR_PROXY_REQUEST_ABORTED' });
  });

  it('a deadline ends the call on both sides', async () => {
    const { client, texts } = await setup();
    const { error } = await call(client, 'hang', 300);
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    await waitFor(() => texts.cancelled === 1, SOON);
  });

  it('a server that is not there is unavailable', async () => {
    const { client, server } = await setup();
    server.forceShutdown();
    expect((await call(client, 'hello')).error?.code).toBe(status.UNAVAILABLE);
  });

  it('a server that goes in the middle of a stream breaks it off', async () => {
    const { client, server } = await setup();
    const stream = chat(client);
    const ended = new Promise<number>((resolve) => {
      stream.once('status', ({ code }) => resolve(code));
    });
    stream.on('error', () => undefined);
    stream.write('hello');
    await new Promise((resolve) => stream.once('data', resolve));
    server.forceShutdown();
    expect(await ended).not.toBe(status.OK);
  });

  it('a server that says goodbye gets no more calls, and its successor does', async () => {
    const { client, server, port } = await setup();
    expect((await call(client, 'one')).value).toBe('one from test');
    await new Promise((resolve) => server.tryShutdown(resolve));
    await startServer(port);
    expect((await call(client, 'two')).value).toBe('two from test');
  });
});

function chat(client: Client): ReturnType<typeof client.makeBidiStreamRequest<string, string>> {
  const { path, requestSerialize, responseDeserialize } = METHODS.chat;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}
