// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { encodePrivateKey, loadIssuer, startOfMinute, type Issuer } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import {
  deterministicReportData,
  encodePem,
  OID,
  toHex,
  utf8,
  type ExtensionValue,
} from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import {
  verifyRaTlsV1,
  type RaTlsV1Expectations,
  type RaTlsV1Proof,
  type RaTlsV1Step,
  type RaTlsV1Target,
} from './ra-tls-v1-client.ts';

const HOST = 'hello.prod1.example.com';
const NOW = new Date();
const NOT_BEFORE = startOfMinute(NOW);
const RUNTIME_HASH = new Uint8Array(32).fill(0xa5);

const platform = createSimulatedPlatform();
const root = await createRoot({ commonName: 'Interop Root', days: 2, at: NOW });
const issuer = await newIssuer();

const target: Omit<RaTlsV1Target, 'port'> = {
  host: '127.0.0.1',
  servername: HOST,
  rootPem: encodePem('CERTIFICATE', root.certificate),
};
const expectations: RaTlsV1Expectations = {
  quoteRootPem: encodePem('CERTIFICATE', platform.rootCertificate),
  mrTd: toHex(platform.measurements().mrtd),
  extensions: {
    [OID.runtimeVersionHash]: toHex(RUNTIME_HASH),
    [OID.imageProfile]: toHex(utf8('production')),
  },
};

async function newIssuer(): Promise<Issuer> {
  const { certificate, privateKey } = await createIntermediary({
    root,
    commonName: 'Interop prod1',
    permittedDomains: ['prod1.example.com'],
    days: 1,
    at: NOW,
  });
  return loadIssuer({
    certificatePem: encodePem('CERTIFICATE', certificate),
    privateKeyPem: encodePrivateKey(privateKey),
    at: NOW,
  });
}

/** A leaf key with the quote that belongs to it. */
interface Identity {
  readonly key: KeyObject;
  readonly spki: Buffer;
  readonly quote: Uint8Array;
}

async function newIdentity(notBefore = NOT_BEFORE): Promise<Identity> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const quote = await platform.quote(deterministicReportData(spki, notBefore));
  return { key: privateKey, spki, quote };
}

/** An honestly signed leaf; `parts` replaces extensions, or takes one away with an empty value. */
function serverOptions({ key, spki, quote }: Identity, parts: ExtensionValue[] = []): TlsOptions {
  const usual: ExtensionValue[] = [
    { oid: OID.tdxQuote, value: quote },
    { oid: OID.runtimeVersionHash, value: RUNTIME_HASH },
    { oid: OID.imageProfile, value: utf8('production') },
  ];
  const replaced = usual.filter(({ oid }) => parts.every((part) => part.oid !== oid));
  const extensions = [...replaced, ...parts].filter(({ value }) => value.length > 0);
  const leaf = issuer.issueLeaf({
    spki,
    names: [HOST],
    notBefore: NOT_BEFORE,
    extensions,
    purpose: 'server',
  });
  return { key: encodePrivateKey(key), cert: leaf.chainPem };
}

/** What the client says of a server with these options. */
async function visit(
  options: TlsOptions,
  toTarget: Partial<RaTlsV1Target> = {},
  demands: Partial<RaTlsV1Expectations> = {},
): Promise<RaTlsV1Proof> {
  const server = createServer({ minVersion: 'TLSv1.3', ...options });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    // Sound: a TCP server that listens has an address with a port.
    const { port } = server.address() as AddressInfo;
    return await verifyRaTlsV1({ ...target, port, ...toTarget }, { ...expectations, ...demands });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const refusedAt = (step: RaTlsV1Step): unknown => expect.objectContaining({ step });

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 0x01 : byte));

const identity = await newIdentity();

/** The client asks the openssl command about the quote's chain. CI must have it, elsewhere the title says why not. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl && process.env['CI'] !== undefined) throw new Error('CI needs the openssl command');
const title = 'an RA-TLS v1 client that shares no code with us';

describe.skipIf(!hasOpenssl)(hasOpenssl ? title : `${title} (skipped: no openssl command)`, () => {
  it('imports nothing but Node', async () => {
    const source = await readFile(new URL('./ra-tls-v1-client.ts', import.meta.url), 'utf8');
    const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => name?.startsWith('node:') !== true)).toEqual([]);
  });

  it('accepts a leaf of the CA with a quote of the platform', async () => {
    const proof = await visit(serverOptions(identity));
    expect(toHex(proof.quote)).toBe(toHex(identity.quote));
    expect(proof.mrTd).toBe(expectations.mrTd);
    expect(proof.extensions).toEqual(
      new Map([
        [OID.tdxQuote, toHex(identity.quote)],
        [OID.runtimeVersionHash, toHex(RUNTIME_HASH)],
        [OID.imageProfile, toHex(utf8('production'))],
      ]),
    );
  });

  it('accepts GPU evidence when the report data covers it, and refuses when it does not', async () => {
    const value = utf8('PGAE evidence');
    const evidence = { oid: OID.gpuEvidence, value };
    const { publicKey, privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const quote = await platform.quote(deterministicReportData(spki, NOT_BEFORE, value));
    expect(await visit(serverOptions({ key, spki, quote }, [evidence]))).toBeDefined();
    const refused = visit(serverOptions(identity, [evidence]));
    await expect(refused).rejects.toThrow(refusedAt('report data'));
  });

  it('demands the host name, the root and TLS 1.3', async () => {
    const options = serverOptions(identity);
    const other = await createRoot({ commonName: 'Interop Root', days: 2, at: NOW });
    const rootPem = encodePem('CERTIFICATE', other.certificate);
    const refused = refusedAt('tls');
    await expect(visit(options, { servername: 'b.prod1.example.com' })).rejects.toThrow(refused);
    await expect(visit(options, { rootPem })).rejects.toThrow(refused);
    const old: TlsOptions = { ...options, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
    await expect(visit(old)).rejects.toThrow(refused);
  });

  it.each([
    ['the quote', 1000],
    ['report data', 'report data'],
    ['a value', 'value'],
  ])('refuses a leaf with one bit of %s changed: the CA did not sign that', async (_, where) => {
    const { key, cert } = serverOptions(identity);
    const [leaf = '', ...chain] = String(cert).split(/(?<=-----END CERTIFICATE-----\n)/);
    const der = Buffer.from(leaf.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    const quoteAt = der.indexOf(identity.quote);
    const places = { 'report data': quoteAt + 568, value: der.indexOf(RUNTIME_HASH) };
    const at = typeof where === 'number' ? quoteAt + where : places[where as keyof typeof places];
    const forged = encodePem('CERTIFICATE', flipped(der, at)) + chain.join('');
    const refused = visit({ key, cert: forged });
    await expect(refused).rejects.toThrow(refusedAt('tls'));
    await expect(refused).rejects.toThrow('signature');
  });

  it.each([
    ['another value', [{ oid: OID.runtimeVersionHash, value: flipped(RUNTIME_HASH, 31) }]],
    ['a value with more behind it', [{ oid: OID.imageProfile, value: utf8('production\n') }]],
    ['a value missing', [{ oid: OID.imageProfile, value: new Uint8Array() }]],
  ])('refuses an honestly signed leaf with %s', async (_, parts) => {
    const refused = visit(serverOptions(identity, parts));
    await expect(refused).rejects.toThrow(refusedAt('expected extension'));
  });

  it('refuses a leaf without a quote, and with what is none', async () => {
    for (const text of ['', 'MOCK_QUOTE:'.padEnd(700, '0'), '\x04\0\x02\0\x81\0\0\0']) {
      const refused = visit(serverOptions(identity, [{ oid: OID.tdxQuote, value: utf8(text) }]));
      await expect(refused).rejects.toThrow(refusedAt('quote'));
    }
  });

  it('refuses the quote of another key and of another minute', async () => {
    const { quote } = await newIdentity();
    const otherKey = visit(serverOptions({ ...identity, quote }));
    await expect(otherKey).rejects.toThrow(refusedAt('report data'));
    const old = await newIdentity(new Date(NOT_BEFORE.getTime() - 60_000));
    await expect(visit(serverOptions(old))).rejects.toThrow(refusedAt('report data'));
  });

  it('refuses a quote whose root is not the expected one', async () => {
    const other = createSimulatedPlatform();
    const quoteRootPem = encodePem('CERTIFICATE', other.rootCertificate);
    const refused = visit(serverOptions(identity), {}, { quoteRootPem });
    await expect(refused).rejects.toThrow(refusedAt('quote chain'));
  });

  // Offsets of a TDX quote v4, with 32 bytes of QE authentication data: Intel TDX DCAP quoting library API, appendix A.
  it.each<[string, number, RaTlsV1Step]>([
    ['version', 0, 'quote'],
    ['TEE type', 4, 'quote'],
    ['user data', 30, 'quote signature'],
    ['MRTD', 184, 'measurement'],
    ['RTMR0', 376, 'quote signature'],
    ['RTMR3', 567, 'quote signature'],
    ['first byte of report data', 568, 'report data'],
    ['last byte of report data', 631, 'report data'],
    ['signature length', 635, 'quote'],
    ['signature', 640, 'quote signature'],
    ['attestation key', 700, 'quote signature'],
    ['certification type', 764, 'quote'],
    ['QE measurement', 770 + 64, 'quoting enclave'],
    ['QE report data', 770 + 320, 'quoting enclave'],
    ['QE report signature', 770 + 384, 'quoting enclave'],
    ['QE authentication data', 770 + 450, 'quoting enclave'],
    ['PCK chain type', 770 + 482, 'quote'],
  ])(
    'refuses an honestly signed leaf with one bit of the quote changed: %s',
    async (_, at, step) => {
      const value = flipped(identity.quote, at);
      const refused = visit(serverOptions(identity, [{ oid: OID.tdxQuote, value }]));
      await expect(refused).rejects.toThrow(refusedAt(step));
    },
  );

  it('refuses a PCK certificate that its CA did not sign', async () => {
    const quote = Buffer.from(identity.quote);
    const at = quote.indexOf('-----BEGIN CERTIFICATE-----') + 300;
    const letter = quote.toString('latin1', at, at + 1) === 'A' ? 'B' : 'A';
    quote.write(letter, at, 'latin1');
    const refused = visit(serverOptions(identity, [{ oid: OID.tdxQuote, value: quote }]));
    await expect(refused).rejects.toThrow(refusedAt('quote chain'));
  });
});
