// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from 'vitest';
import type { LeafRequest } from '@proofgate/ca';
import { createIntermediary } from '@proofgate/ca/authorities';
import {
  authorityKeyIdExtension,
  parseCertificate,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type AltNames,
} from '@proofgate/evidence';
import {
  ARC,
  AT,
  forge,
  intermediary,
  issuer,
  issuerOf,
  leafRequest,
  pem,
  root,
  TDX_QUOTE,
} from './pki.ts';
import { hasOpenssl, opensslDirectory, opensslTitle } from './openssl.ts';

describe.skipIf(!hasOpenssl)(opensslTitle, () => {
  const directory = opensslDirectory();
  afterAll(() => {
    directory.dispose();
  });
  directory.write('root.pem', pem(root.certificate));
  directory.write('intermediary.pem', pem(intermediary.certificate));

  const keyId = authorityKeyIdExtension(parseCertificate(intermediary.certificate).subjectKeyId!);

  /** What `openssl verify` says of a leaf below the given intermediary and the test root. */
  function verify(leaf: Uint8Array, ...options: string[]): string {
    const args = ['-CAfile', 'root.pem', '-untrusted', 'intermediary.pem', '-x509_strict'];
    const time = ['-attime', String(AT.getTime() / 1000)];
    const file = directory.write('leaf.pem', pem(leaf));
    const { status, output } = directory.attempt('verify', ...time, ...args, ...options, file);
    return `${String(status)} ${output}`;
  }

  const text = (der: Uint8Array): string =>
    directory.run('x509', '-noout', '-text', '-in', directory.write('shown.pem', pem(der)));

  it('reads a leaf', () => {
    const seen = text(issuer.issueLeaf(leafRequest()).certificate);
    expect(seen).toContain('Version: 3 (0x2)');
    expect(seen).toContain('Signature Algorithm: ecdsa-with-SHA256');
    expect(seen).toContain('Not Before: Nov 20 09:30:00 2026 GMT');
    expect(seen).toContain('Not After : Nov 21 09:30:00 2026 GMT');
    expect(seen).toContain('Subject: CN = hello.prod1.example.com');
    expect(seen).toMatch(/Key Usage: critical\n +Digital Signature\n/);
    expect(seen).toMatch(/Extended Key Usage: \n +TLS Web Server Authentication\n/);
    expect(seen).toMatch(/Basic Constraints: critical\n +CA:FALSE\n/);
    expect(seen).toContain('DNS:hello.prod1.example.com');
    expect(seen).toContain(`${TDX_QUOTE}: \n`);
    expect(seen).toMatch(new RegExp(`${ARC.replaceAll('.', '\\.')}\\.2\\.8: \\n +production\\n`));
    expect(seen).not.toContain('Subject Key Identifier');
  });

  it('shows the constraints of an intermediary', () => {
    const seen = text(intermediary.certificate);
    expect(seen).toMatch(/Name Constraints: critical\n +Permitted:\n +DNS:prod1\.example\.com/);
    expect(seen).toContain('IP:0.0.0.0/0.0.0.0');
    expect(seen).toMatch(/Basic Constraints: critical\n +CA:TRUE, pathlen:0/);
    expect(seen).toMatch(/Key Usage: critical\n +Certificate Sign, CRL Sign/);
  });

  it('accepts a leaf, its name and its purpose', () => {
    const { certificate } = issuer.issueLeaf(leafRequest());
    const options = ['-purpose', 'sslserver', '-verify_hostname', 'hello.prod1.example.com'];
    expect(verify(certificate, ...options)).toMatch(/^0 .*: OK/);
    expect(verify(certificate, '-purpose', 'sslclient')).toContain(
      'unsuitable certificate purpose',
    );
    expect(verify(certificate, '-verify_hostname', 'b.prod1.example.com')).toContain(
      'hostname mismatch',
    );
  });

  it('accepts a client leaf as client', () => {
    const { certificate } = issuer.issueLeaf(leafRequest({ purpose: 'client' }));
    expect(verify(certificate, '-purpose', 'sslclient')).toMatch(/^0 /);
    expect(verify(certificate, '-purpose', 'sslserver')).toContain(
      'unsuitable certificate purpose',
    );
  });

  it('refuses a leaf with one bit changed', () => {
    const { certificate } = issuer.issueLeaf(leafRequest());
    const changed = Uint8Array.from(certificate, (byte, i) => (i === 2000 ? byte ^ 1 : byte));
    expect(verify(changed)).toContain('certificate signature failure');
  });

  it('refuses what the intermediary was made to sign outside its names', () => {
    const forced = (names: AltNames): Uint8Array =>
      forge({
        subject: 'Forced',
        issuer: { subject: 'Test prod1', key: intermediary.privateKey },
        ca: false,
        usages: ['digitalSignature'],
        extensions: [subjectAltNameExtension(names), keyId],
      }).certificate;
    expect(verify(forced({ dns: ['x.prod1.example.com'] }))).toMatch(/^0 /);
    expect(verify(forced({ dns: ['x.prod2.example.com'] }))).toContain(
      'permitted subtree violation',
    );
    expect(verify(forced({ ip: [Uint8Array.of(192, 0, 2, 7)] }))).toContain(
      'excluded subtree violation',
    );
  });

  it('refuses a leaf of a CA that the intermediary was made to sign', () => {
    const key = intermediary.privateKey;
    const below = forge({
      subject: 'Below',
      issuer: { subject: 'Test prod1', key },
      extensions: [subjectKeyIdExtension(Uint8Array.of(1)), keyId],
    });
    const { certificate } = issuerOf(below).issueLeaf(leafRequest());
    const untrusted = directory.write('below.pem', pem(below.certificate));
    expect(verify(certificate, '-untrusted', untrusted)).toContain(
      'path length constraint exceeded',
    );
  });

  it.each<[string, Partial<LeafRequest>]>([
    ['an address', { names: ['10.1.2.3'] }],
    ['an IPv6 address', { names: ['2001:db8::7'] }],
    ['a name over 64 characters', { names: [`${'a'.repeat(63)}.prod1.example.com`] }],
    ['several names', { names: ['10.1.2.3', 'x.prod1.example.com'] }],
  ])('accepts a leaf for %s below an intermediary that permits it', async (_, parts) => {
    const made = await createIntermediary({
      root,
      commonName: 'Test prod1',
      permittedDomains: ['prod1.example.com'],
      permittedIps: ['10.0.0.0/8', '2001:db8::/32'],
      days: 2,
      at: AT,
    });
    const chain = directory.write('with-addresses.pem', pem(made.certificate));
    const { certificate } = issuerOf(made).issueLeaf(leafRequest(parts));
    const file = directory.write('leaf.pem', pem(certificate));
    const time = ['-attime', String(AT.getTime() / 1000)];
    expect(
      directory.run('verify', ...time, '-CAfile', 'root.pem', '-untrusted', chain, file),
    ).toContain('OK');
  });
});
