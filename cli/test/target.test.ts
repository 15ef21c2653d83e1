// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, truncateSync } from 'node:fs';
import { CodedError, decodePem } from '@proofgate/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityOf, readTarget } from '../src/input/target.ts';
import { testDirectory } from './support/directory.ts';
import { describeWithRealEvidence, realEvidence } from './support/real-evidence.ts';
import { startSimulatedHost, type SimulatedHost } from './support/simulated-host.ts';

const directory = testDirectory();
let host: SimulatedHost;

beforeAll(async () => {
  host = await startSimulatedHost();
});
afterAll(() => host.close());

async function refusal(text: string): Promise<string> {
  try {
    await readTarget(text);
  } catch (error) {
    if (error instanceof CodedError) return String(error.code);
    throw error;
  }
  return 'accepted';
}

describe('addresses', () => {
  it.for([
    ['https://app.example.com', 'app.example.com', 443, 'app.example.com'],
    ['https://app.example.com/', 'app.example.com', 443, 'app.example.com'],
    ['HTTPS://App.Example.com:8443/a/path?q#f', 'app.example.com', 8443, 'app.example.com:8443'],
    ['app.example.com:443', 'app.example.com', 443, 'app.example.com'],
    ['127.0.0.1:8443', '127.0.0.1', 8443, '127.0.0.1:8443'],
    ['[::1]:8443', '::1', 8443, '[::1]:8443'],
    ['https://[2001:db8::1]', '2001:db8::1', 443, '[2001:db8::1]'],
  ] as const)('%s', async ([text, name, port, authority]) => {
    const target = await readTarget(text);
    expect(target).toEqual({ kind: 'host', host: name, port });
    expect(target.kind === 'host' && authorityOf(target)).toBe(authority);
  });

  it.for([
    '',
    'app.example.com',
    'http://app.example.com',
    'https://',
    'https://user:secret@app.example.com',
    'app.example.com:0',
    'app.example.com:65536',
    'app.example.com:https',
    'user@app.example.com:443',
    'app.example.com:443/path',
    '::1:8443',
    'no such file.pem',
    '/nothing/here',
    './host:443',
  ])('refuses %j', async (text) => {
    expect(await refusal(text)).toBe('ERR_CLI_TARGET');
  });
});

describe('files', () => {
  it('knows certificates, PEM and DER', async () => {
    const pem = directory.write('chain.pem', `subject=x\n${host.chainPem}`);
    expect(await readTarget(pem)).toMatchObject({ kind: 'certificate' });
    const [leaf] = decodePem(host.chainPem, 'CERTIFICATE');
    const der = directory.write('leaf.der', leaf!);
    expect(await readTarget(der)).toMatchObject({ kind: 'certificate', chain: [leaf] });
  });

  it('knows attestation documents', async () => {
    const file = directory.write('document.json', `\n${host.document}`);
    expect(await readTarget(file)).toMatchObject({
      kind: 'document',
      document: { host: 'localhost', simulated: true },
    });
  });

  it('prefers a file to an address of the same name', async () => {
    const file = directory.write('host:443', host.chainPem);
    expect(await readTarget(file)).toMatchObject({ kind: 'certificate' });
  });

  it.for<[name: string, content: string | Uint8Array, code: string]>([
    ['nothing', '', 'ERR_CLI_TARGET'],
    ['text', 'garbage\n', 'ERR_CLI_TARGET'],
    ['hex digits', '0400020081', 'ERR_CLI_TARGET'],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0xfd), 'ERR_CLI_TARGET'],
    ['broken JSON', '{ "version": 1', 'ERR_CLI_TARGET'],
    ['other JSON', '{ "version": 1 }', 'ERR_DOCUMENT_INVALID'],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'ERR_PEM_INVALID'],
  ])('refuses a file of %s', async ([name, content, code]) => {
    expect(await refusal(directory.write(`garbage ${name}`, content))).toBe(code);
  });

  it('refuses a directory', async () => {
    mkdirSync(directory.file('empty'));
    expect(await refusal(directory.file('empty'))).toBe('ERR_CLI_TARGET');
  });

  it('reads no more than its limit', async () => {
    const file = directory.write('large', '');
    truncateSync(file, 8 * 1024 * 1024 + 1);
    expect(await refusal(file)).toBe('ERR_CLI_FILE');
    truncateSync(file, 8 * 1024 * 1024);
    expect(await refusal(file)).toBe('ERR_CLI_TARGET');
  });
});

describeWithRealEvidence('files from real machines', () => {
  it.for([
    ['tdx/v4-phala-b0c06f.bin', 'quote'],
    ['tdx/v5-google-90c06f.bin', 'quote'],
    ['sgx/v3-phala-00a067.bin', 'quote'],
    ['snp/gosev-milan-report.bin', 'snp-report'],
    ['snp/chain-milan.pem', 'certificate'],
    ['ccel/ccel_data.dat', 'event-log'],
  ])('%s is a %s', async ([file, kind]) => {
    expect(await readTarget(realEvidence(file!))).toMatchObject({ kind });
  });
});
