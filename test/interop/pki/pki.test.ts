// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createIntermediary, createRevocationList, createRoot } from '@proofgate/ca/authorities';
import { encodePem, parseCertificate, toHex } from '@proofgate/evidence';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithProgram } from '../../system/support/external-programs.ts';

const HOST = 'hello.prod1.example.com';
const OTHER = 'hello.prod2.example.com';
/** Clients that we did not write know no other time than the real one. */
const NOW = new Date();
/** A minute on: openssl dates what it signs to the current second, which may begin after this one. */
const SECONDS = String(Math.floor(NOW.getTime() / 1_000) + 60);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const directory = mkdtempSync(join(tmpdir(), 'proofgate-pki-'));
const servers: Server[] = [];
const file = (name: string): string => join(directory, name);

const root = await createRoot({ commonName: 'Interop root', days: 30, at: NOW });
const intermediary = await createIntermediary({
  root,
  ...{ commonName: 'Interop prod1', permittedDomains: ['prod1.example.com'], days: 20, at: NOW },
});
const leafKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** What a client saw: `ok`, or a text that says why not. */
type Client = (host: string, port: number, crl?: string) => Promise<string>;

beforeAll(() => {
  write('root.pem', pem(root.certificate));
  write('intermediary.pem', pem(intermediary.certificate));
  write('intermediary.key', encodePrivateKey(intermediary.privateKey));
  write('leaf.pem', pem(honestLeaf()));
  write('leaf.key', encodePrivateKey(leafKey.privateKey));
  write('empty.pem', lists([]));
  write('revoked.pem', lists([toHex(parseCertificate(intermediary.certificate).serialNumber)]));
  forgeLeaf();
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

describeWithProgram('go', 'crypto/x509 of Go', () => {
  beforeAll(() => {
    const env = { ...process.env, GOCACHE: file('go-cache'), GOFLAGS: '-mod=mod' };
    execFileSync('go', ['build', '-o', file('verify'), here('verify.go')], { env });
  }, 120_000);

  const verify = (leaf: string, host: string, ...crl: string[]): Promise<string> =>
    say(
      file('verify'),
      file('root.pem'),
      file('intermediary.pem'),
      file(leaf),
      host,
      SECONDS,
      ...crl,
    );

  it('accepts a leaf', async () => {
    expect(await verify('leaf.pem', HOST)).toBe('ok');
  });

  it('refuses another name, and a leaf outside of the constraints', async () => {
    expect(await verify('leaf.pem', OTHER)).toContain('is valid for hello.prod1.example.com');
    expect(await verify('forged.pem', OTHER)).toContain('is not permitted by any constraint');
  });

  it('reads and honours the revocation list', async () => {
    writeFileSync(file('empty.crl'), rootList([]));
    const serial = toHex(parseCertificate(intermediary.certificate).serialNumber);
    writeFileSync(file('revoked.crl'), rootList([serial]));
    expect(await verify('leaf.pem', HOST, file('empty.crl'))).toBe('ok');
    expect(await verify('leaf.pem', HOST, file('revoked.crl'))).toContain('is revoked');
  });
});

const python: Client = (host, port, crl) =>
  say('python3', here('connect.py'), file('root.pem'), host, String(port), ...maybe(crl));

const curl: Client = (host, port, crl) =>
  say(
    ...['curl', '--silent', '--show-error', '--output', '/dev/null', '--write-out', 'ok'],
    ...['--cacert', file('root.pem'), ...(crl === undefined ? [] : ['--crlfile', crl])],
    ...['--resolve', `${host}:${String(port)}:127.0.0.1`, `https://${host}:${String(port)}/`],
  );

const openssl: Client = async (host, port, crl) => {
  // Its -CRL reads one list of a file; -CAfile reads all there are.
  const trusted = file(crl === undefined ? 'root.pem' : 'trusted.pem');
  if (crl !== undefined) write('trusted.pem', text(file('root.pem')) + text(crl));
  const lists = crl === undefined ? [] : ['-crl_check_all'];
  const said = await say(
    ...['openssl', 's_client', '-connect', `127.0.0.1:${String(port)}`, '-servername', host],
    ...['-CAfile', trusted, '-verify_hostname', host, '-verify_return_error', ...lists],
    '-brief',
  );
  return said.includes('Verification: OK') ? 'ok' : said;
};

const node: Client = async (host, port, crl) => {
  const socket = connect({
    ...{ host: '127.0.0.1', port, servername: host, ca: readFileSync(file('root.pem')) },
    ...(crl === undefined ? {} : { crl: text(crl).split(/(?<=END X509 CRL-----\n)/u) }),
  });
  try {
    await once(socket, 'secureConnect');
    return 'ok';
  } catch (error) {
    return String(error);
  } finally {
    socket.destroy();
  }
};

const CLIENTS: readonly (readonly [program: string, title: string, client: Client])[] = [
  ['python3', 'Python', python],
  ['curl', 'curl', curl],
  ['openssl', 'openssl s_client', openssl],
  ['node', 'Node.js', node],
];

for (const [program, title, client] of CLIENTS) {
  describeWithProgram(program, title, () => {
    it('accepts a leaf of the machine with the root alone', async () => {
      expect(await client(HOST, await serve('leaf.pem'))).toMatch(/^ok/u);
    });

    it('refuses a leaf outside of the constraints of its intermediary', async () => {
      const said = await client(OTHER, await serve('forged.pem'));
      expect(said).toMatch(/permitted subtree violation|excluded|PERMITTED_VIOLATION/iu);
    });

    it('honours the revocation list', async () => {
      const port = await serve('leaf.pem');
      expect(await client(HOST, port, file('empty.pem'))).toMatch(/^ok/u);
      expect(await client(HOST, port, file('revoked.pem'))).toMatch(/revoked/iu);
    });
  });
}

function honestLeaf(): Uint8Array {
  const issuer = loadIssuer({
    certificatePem: pem(intermediary.certificate),
    privateKeyPem: encodePrivateKey(intermediary.privateKey),
    at: NOW,
  });
  return issuer.issueLeaf({
    spki: leafKey.publicKey.export({ type: 'spki', format: 'der' }),
    names: [HOST],
    notBefore: new Date(Math.floor(NOW.getTime() / 60_000) * 60_000),
    extensions: [],
    purpose: 'server',
  }).certificate;
}

/** With the intermediary's key and other tools, as whoever has stolen it would. */
function forgeLeaf(): void {
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  write(
    'forged.ext',
    `subjectAltName=DNS:${OTHER}\nbasicConstraints=critical,CA:FALSE\n` +
      'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n',
  );
  openssl('req', '-new', '-key', 'leaf.key', '-subj', `/CN=${OTHER}`, '-out', 'forged.csr');
  openssl(
    ...['x509', '-req', '-in', 'forged.csr', '-CA', 'intermediary.pem', '-CAkey'],
    ...['intermediary.key', '-days', '1', '-extfile', 'forged.ext', '-out', 'forged.pem'],
  );
}

/** A server that has this leaf, and answers HTTP requests. */
async function serve(leaf: string): Promise<number> {
  const chain = readFileSync(file(leaf), 'utf8') + readFileSync(file('intermediary.pem'), 'utf8');
  const server = createServer({ cert: chain, key: readFileSync(file('leaf.key')) }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  });
  servers.push(server);
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Sound: it listens on a TCP port.
  return (server.address() as AddressInfo).port;
}

/** Clients that check the whole chain want a list from every CA in it. */
function lists(serials: readonly string[]): string {
  const own = createRevocationList({
    issuer: intermediary,
    number: 1,
    revoked: [],
    at: NOW,
    days: 7,
  });
  return encodePem('X509 CRL', rootList(serials)) + encodePem('X509 CRL', own);
}

function rootList(serials: readonly string[]): Uint8Array {
  const revoked = serials.map((serial) => ({ serial, at: NOW, reason: 'keyCompromise' as const }));
  return createRevocationList({ issuer: root, number: 1, revoked, at: NOW, days: 7 });
}

/** What a program prints, also when it fails. */
async function say(program: string, ...args: string[]): Promise<string> {
  const run = promisify(execFile)(program, args, { timeout: 20_000 });
  run.child.stdin?.end();
  const { stdout, stderr } = await run.catch(
    // Sound: the promise of execFile is rejected with an error that has both.
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return (stdout + stderr).trim();
}

function text(path: string): string {
  return readFileSync(path, 'utf8');
}

function maybe(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function write(name: string, content: string): void {
  writeFileSync(file(name), content, { mode: 0o600 });
}

function pem(certificate: Uint8Array): string {
  return encodePem('CERTIFICATE', certificate);
}
