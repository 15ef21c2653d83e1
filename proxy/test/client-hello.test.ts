// SPDX-License-Identifier: Apache-2.0
import { connect as tlsConnect } from 'node:tls';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ClientHelloReader, MAX_CLIENT_HELLO_BYTES } from '../src/tls/client-hello-reader.ts';
import { clientHello, handshakeRecords, type HelloParts } from './client-hello-bytes.ts';

function read(bytes: Uint8Array, step: number = bytes.length): string | undefined | 'incomplete' {
  const reader = new ClientHelloReader();
  for (let offset = 0; offset < bytes.length; offset += step) {
    const hello = reader.push(bytes.subarray(offset, offset + step));
    if (hello !== undefined) {
      expect(Buffer.compare(reader.bytes(), bytes.subarray(0, offset + step))).toBe(0);
      return hello.serverName;
    }
  }
  return 'incomplete';
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

function refusal(parts: HelloParts): unknown {
  return codeOf(() => read(handshakeRecords(clientHello(parts))));
}

describe('ClientHello of a real client', () => {
  it('gives the server name', async () => {
    expect(read(await helloOfNode('app.example.com'))).toBe('app.example.com');
  });

  it('gives no name when the client sends none', async () => {
    expect(read(await helloOfNode(undefined))).toBeUndefined();
  });

  it('is read byte by byte', async () => {
    expect(read(await helloOfNode('app.example.com'), 1)).toBe('app.example.com');
  });
});

describe('ClientHello over several records', () => {
  it.each([1, 3, 37, 100])('is put together from records of %i bytes', (size) => {
    const bytes = handshakeRecords(clientHello({ serverName: 'app.example.com' }), size);
    expect(read(bytes)).toBe('app.example.com');
    expect(read(bytes, 1)).toBe('app.example.com');
  });

  it('may be followed by other bytes, which are kept', () => {
    const hello = handshakeRecords(clientHello({ serverName: 'a.example' }));
    expect(read(Buffer.concat([hello, Buffer.from('early data')]))).toBe('a.example');
  });

  it('is refused when a record is empty', () => {
    const empty = Buffer.from([22, 3, 1, 0, 0]);
    const hello = handshakeRecords(clientHello({ serverName: 'a.example' }));
    expect(codeOf(() => read(Buffer.concat([empty, hello])))).toBe('ERR_PROXY_HELLO_MALFORMED');
  });
});

describe('ClientHello content', () => {
  it('passes over unknown and GREASE extensions and suites', () => {
    const name = read(
      handshakeRecords(
        clientHello({
          serverName: 'App.Example.COM',
          suites: [0x0a0a, 0x1301],
          extensions: [
            [0x1a1a, Buffer.alloc(0)],
            [0xffbb, Buffer.alloc(32)],
            [0x2a2a, Buffer.from([0])],
          ],
        }),
      ),
    );
    expect(name).toBe('app.example.com');
  });

  it('may have no extensions at all', () => {
    expect(read(handshakeRecords(clientHello({ extensions: undefined })))).toBeUndefined();
  });

  it.each<[string, HelloParts, string]>([
    ['an extension comes twice', { extensions: [grease(), grease()] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    [
      'two server names',
      { extensions: [sni('a.example', 'b.example')] },
      'ERR_PROXY_HELLO_ILLEGAL',
    ],
    ['an empty server name', { extensions: [sni('')] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    ['a name with NUL', { extensions: [sni('a.example\0.evil')] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    ['a name with a slash', { extensions: [sni('../etc')] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    [
      'a name with a dot at its end',
      { extensions: [sni('a.example.')] },
      'ERR_PROXY_HELLO_ILLEGAL',
    ],
    ['a name that is too long', { extensions: [sni('a'.repeat(254))] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    ['another type of name', { extensions: [sniOfType(1)] }, 'ERR_PROXY_HELLO_ILLEGAL'],
    ['an empty name list', { extensions: [[0, Buffer.from([0, 0])]] }, 'ERR_PROXY_HELLO_MALFORMED'],
    ['a long session id', { sessionIdBytes: 33 }, 'ERR_PROXY_HELLO_MALFORMED'],
    ['no cipher suite', { suites: [] }, 'ERR_PROXY_HELLO_MALFORMED'],
    ['bytes at the end', { trailing: Buffer.from([0]) }, 'ERR_PROXY_HELLO_MALFORMED'],
  ])('is refused with %s', (_case, parts, code) => {
    expect(refusal(parts)).toBe(code);
  });

  it('accepts what the refused cases differ from', () => {
    expect(
      refusal({ extensions: [grease(), sni('a'.repeat(253))], sessionIdBytes: 32 }),
    ).toBeUndefined();
  });
});

describe('bytes that are not a ClientHello', () => {
  it.each([
    ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another record type', Buffer.from([23, 3, 3, 0, 1, 0])],
    ['another major version', Buffer.from([22, 2, 0, 0, 1, 1])],
    ['an oversized record', Buffer.from([22, 3, 3, 0x40, 1])],
    ['another handshake message', handshakeRecords(Buffer.from([2, 0, 0, 1, 0]))],
    ['a truncated body', handshakeRecords(Buffer.from([1, 0, 0, 4, 3, 3, 0, 0]))],
  ])('are refused: %s', (_case, bytes) => {
    expect(codeOf(() => read(bytes))).toBe('ERR_PROXY_HELLO_MALFORMED');
  });

  it('are refused at the first byte', () => {
    expect(codeOf(() => new ClientHelloReader().push(Buffer.from('G')))).toBe(
      'ERR_PROXY_HELLO_MALFORMED',
    );
  });
});

describe('size of a ClientHello', () => {
  const padded = (bytes: number): Buffer =>
    clientHello({ serverName: 'a.example', extensions: [[21, Buffer.alloc(bytes)]] });

  it('may be 12 KB', () => {
    expect(read(handshakeRecords(padded(12_000)))).toBe('a.example');
  });

  it('is refused as soon as the announced length is over the limit', () => {
    const bytes = handshakeRecords(padded(MAX_CLIENT_HELLO_BYTES), 1_000);
    expect(codeOf(() => read(bytes.subarray(0, 1_005)))).toBe('ERR_PROXY_HELLO_TOO_LARGE');
  });

  it('counts record headers, so that tiny records do not get around the limit', () => {
    const bytes = handshakeRecords(padded(12_000), 1);
    expect(codeOf(() => read(bytes, 1_000))).toBe('ERR_PROXY_HELLO_TOO_LARGE');
  });

  it('bounds what is kept of a flood', () => {
    const reader = new ClientHelloReader();
    const flood = handshakeRecords(
      Buffer.concat([Buffer.from([1, 0x00, 0x3f, 0xff]), Buffer.alloc(1 << 20)]),
      1,
    );
    expect(
      codeOf(() => {
        for (let at = 0; at < flood.length; at += 1_000)
          reader.push(flood.subarray(at, at + 1_000));
      }),
    ).toBe('ERR_PROXY_HELLO_TOO_LARGE');
    expect(reader.bytes().length).toBeLessThan(MAX_CLIENT_HELLO_BYTES + 1_001);
  });
});

function grease(): [number, Buffer] {
  return [0x0a0a, Buffer.alloc(0)];
}

function sni(...names: string[]): [number, Buffer] {
  return [0, serverNameList(0, names)];
}

function sniOfType(type: number): [number, Buffer] {
  return [0, serverNameList(type, ['a.example'])];
}

function serverNameList(type: number, names: string[]): Buffer {
  const entries = names.map((name) => {
    const bytes = Buffer.from(name, 'latin1');
    return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes]);
  });
  const list = Buffer.concat(entries);
  return Buffer.concat([Buffer.from([list.length >> 8, list.length & 255]), list]);
}

async function helloOfNode(servername: string | undefined): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const first = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        resolve(Buffer.from(data));
        socket.destroy();
      });
    });
  });
  const client = tlsConnect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ...(servername === undefined ? {} : { servername }),
  });
  client.on('error', () => undefined);
  const bytes = await first;
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
  return bytes;
}
