// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { encodePrivateKey } from '@proofgate/ca';
import { createIntermediary, createKeyPair, type CaIdentity } from '@proofgate/ca/authorities';
import { requestUnix, waitFor } from '@proofgate/daemon';
import { decodePem, encodePem, parseCertificate, sha256, toHex } from '@proofgate/evidence';
import { describe, expect } from 'vitest';
import { SteadyLoad } from '../containers/support/steady-load.ts';
import { tlsOptions } from './support/https-request.ts';
import { proofgateOk } from './support/proofgate.ts';
import { MACHINE_DOMAIN } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import type { Stack } from './support/stack.ts';

const it = testWithStack();
const WITHIN = { timeoutMs: 30_000, intervalMs: 50 };
const REQUESTS_PER_SECOND = 500;

/** Serial number of the CA that signed the leaf of a new connection. */
function servedCa(stack: Stack): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(tlsOptions(stack.hello), () => {
      const issuer = socket.getPeerCertificate(true).issuerCertificate;
      socket.destroy();
      resolve(issuer.serialNumber.toLowerCase());
    });
    socket.on('error', reject);
  });
}

function caInFile(stack: Stack): string {
  const [der] = decodePem(
    readFileSync(join(stack.files.pki, 'intermediary.pem'), 'utf8'),
    'CERTIFICATE',
  );
  return toHex(parseCertificate(der ?? new Uint8Array()).serialNumber);
}

/** The key that the event log names last. */
async function measuredKey(stack: Stack): Promise<string | undefined> {
  const { events } = (await stack.ask('launcher.sock', '/v1/eventlog')) as {
    readonly events: readonly { readonly ca_spki_sha256?: string }[];
  };
  return events.findLast((event) => event.ca_spki_sha256 !== undefined)?.ca_spki_sha256;
}

function putTls(stack: Stack, certificate: string, key: string): ReturnType<typeof requestUnix> {
  return requestUnix({
    socketPath: join(stack.files.runDirectory, 'launcher.sock'),
    method: 'PUT',
    path: '/api/v1/tls',
    body: { ca_cert: certificate, ca_key: key },
    timeoutMs: 10_000,
  });
}

/** What the operator's root would sign, with whatever is wrong with it. */
async function made(
  stack: Stack,
  changes: {
    readonly name?: string;
    readonly domains?: readonly string[];
    readonly ips?: readonly string[];
    readonly days?: number;
  } = {},
): Promise<CaIdentity> {
  const read = (name: string): Promise<string> => readFile(join(stack.files.pki, name), 'utf8');
  const [certificate] = decodePem(await read('root.pem'), 'CERTIFICATE');
  return createIntermediary({
    root: {
      certificate: certificate ?? new Uint8Array(),
      privateKey: createPrivateKey(await read('root.key')),
    },
    commonName: changes.name ?? `Proofgate intermediary ${MACHINE_DOMAIN}`,
    permittedDomains: changes.domains ?? [MACHINE_DOMAIN],
    permittedIps: changes.ips ?? [],
    days: changes.days ?? 400,
    at: new Date(),
  });
}

/** What the machine itself shows to clients. */
function leafOf(stack: Stack): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect(tlsOptions(stack.hello), () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new Uint8Array(raw));
    });
    socket.on('error', reject);
  });
}

const pem = ({ certificate }: CaIdentity): string => encodePem('CERTIFICATE', certificate);

describe('a rotation of the intermediary', () => {
  it(
    'costs no request, and new connections have the new chain',
    { timeout: 90_000 },
    async ({ stack }) => {
      const load = new SteadyLoad(stack.hello, REQUESTS_PER_SECOND);
      try {
        await waitFor(() => load.answered > 200, WITHIN);
        const before = await servedCa(stack);
        expect(before).toBe(caInFile(stack));
        const { pki } = stack.files;
        await proofgateOk('ca', 'rotate', 'prepare', '--dir', pki);
        await proofgateOk('ca', 'rotate', 'activate', '--dir', pki);
        const wanted = caInFile(stack);
        expect(wanted).not.toBe(before);
        await waitFor(async () => (await servedCa(stack)) === wanted, WITHIN);
        const settled = load.answered + 500;
        await waitFor(() => load.answered >= settled, WITHIN);
        for (let again = 0; again < 10; again += 1) expect(await servedCa(stack)).toBe(wanted);
      } finally {
        await load.stop();
      }
      expect(load.failures).toEqual([]);
      const [der] = decodePem(
        readFileSync(join(stack.files.pki, 'intermediary.pem'), 'utf8'),
        'CERTIFICATE',
      );
      const { spki } = parseCertificate(der ?? new Uint8Array());
      expect(await measuredKey(stack)).toBe(toHex(sha256(spki)));
      await proofgateOk('ca', 'rotate', 'retire', '--dir', stack.files.pki);
    },
  );

  it('is refused when it is none, and the running CA stays', async ({ stack }) => {
    const running = await servedCa(stack);
    const measured = await measuredKey(stack);
    const next = await made(stack);
    const other = await createKeyPair('P-256');
    const refused: readonly (readonly [string, CaIdentity, string])[] = [
      ['name', await made(stack, { name: 'Somebody else' }), 'another name'],
      ['key', { ...next, privateKey: other.privateKey }, 'does not fit the CA certificate'],
      ['excluded addresses', await made(stack, { ips: ['9.9.9.0/24'] }), 'name constraints'],
      ['no CA', { certificate: await leafOf(stack), privateKey: next.privateKey }, 'cannot issue'],
      ['validity', await made(stack, { days: 30 }), 'ends before'],
      ['constraints', await made(stack, { domains: ['localhost'] }), 'name constraints'],
    ];
    for (const [what, ca, reason] of refused) {
      const answer = await putTls(stack, pem(ca), encodePrivateKey(ca.privateKey));
      expect(answer.status, what).toBe(400);
      expect(JSON.stringify(answer.body), what).toContain(reason);
      expect(JSON.stringify(answer.body)).not.toContain('PRIVATE');
    }
    expect(await measuredKey(stack)).toBe(measured);
    expect(await servedCa(stack)).toBe(running);
  });

  it('comes over the management API as well', async ({ stack }) => {
    const next = await made(stack);
    const answer = await putTls(stack, pem(next), encodePrivateKey(next.privateKey));
    expect(answer).toMatchObject({ status: 200, body: { status: 'updated' } });
    const wanted = toHex(parseCertificate(next.certificate).serialNumber);
    await waitFor(async () => (await servedCa(stack)) === wanted, WITHIN);
  });
});
