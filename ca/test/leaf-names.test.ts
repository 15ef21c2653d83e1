// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { LeafRequest } from '@proofgate/ca';
import { createIntermediary } from '@proofgate/ca/authorities';
import {
  nameConstraintsExtension,
  parseCertificate,
  toHex,
  type Certificate,
} from '@proofgate/evidence';
import { AT, forge, issuer, issuerOf, leafRequest, refusal, root } from './pki.ts';

const read = (parts?: Partial<LeafRequest>, from = issuer): Certificate =>
  parseCertificate(from.issueLeaf(leafRequest(parts)).certificate);

describe('the names of a leaf', () => {
  const anyName = issuerOf(root);

  it('are host names and addresses, the first also in the subject', () => {
    const leaf = read({ names: ['192.0.2.7', 'a.example.com', '2001:db8::1'] }, anyName);
    expect(leaf.subject.commonName).toBe('192.0.2.7');
    expect(leaf.subjectAltName?.dns).toEqual(['a.example.com']);
    expect(leaf.subjectAltName?.ip.map(toHex)).toEqual(['c0000207', `20010db8${'0'.repeat(23)}1`]);
  });

  it('leave the subject empty, and the subjectAltName critical, when the first is over 64 characters', () => {
    const name = (length: number): string => `${'a'.repeat(50)}.${'b'.repeat(length - 51 - 4)}.com`;
    expect(read({ names: [name(64)] }, anyName).subject.commonName).toBe(name(64));
    const leaf = read({ names: [name(65)] }, anyName);
    expect(leaf.subject.text).toBe('');
    expect(leaf.extensions.get('2.5.29.17')?.critical).toBe(true);
  });

  it.each([
    ['none', []],
    ['one twice', ['a.example.com', 'a.example.com']],
    ['more than 32', Array.from({ length: 33 }, (_, i) => `a${String(i)}.example.com`)],
    ['an empty one', ['']],
    ['a wildcard', ['*.example.com']],
    ['capitals', ['A.example.com']],
    ['a trailing dot', ['a.example.com.']],
    ['an empty label', ['a..example.com']],
    ['an underscore', ['a_b.example.com']],
    ['a hyphen at an edge', ['-a.example.com']],
    ['letters outside ASCII', ['münchen.example.com']],
    ['a NUL', ['a.example.com\0']],
    ['a number as top level', ['1.2.3.456']],
    ['a port', ['a.example.com:443']],
    ['an address with a zone', ['fe80::1%1']],
  ])('are refused with %s', (_, names) => {
    expect(() => read({ names }, anyName)).toThrow(refusal('ERR_CA_NAME_INVALID'));
  });

  it('are taken at the bounds', () => {
    const names = Array.from({ length: 32 }, (_, i) => `a${String(i)}.example.com`);
    expect(read({ names }, anyName).subjectAltName?.dns).toEqual(names);
    for (const name of [
      'localhost',
      'xn--mnchen-3ya.example.com',
      '1.example.com',
      `${'a'.repeat(63)}.com`,
    ]) {
      expect(read({ names: [name] }, anyName).subjectAltName?.dns).toEqual([name]);
    }
  });
});

describe('the name constraints of the CA', () => {
  it.each([
    ['the domain itself', 'prod1.example.com', true],
    ['a host below', 'hello.prod1.example.com', true],
    ['a host far below', 'a.b.c.prod1.example.com', true],
    ['another permitted domain', 'legacy.example.net', true],
    ['a neighbour', 'prod2.example.com', false],
    ['a name that only ends alike', 'evilprod1.example.com', false],
    ['the parent', 'example.com', false],
    ['an address', '192.0.2.7', false],
    ['an IPv6 address', '::1', false],
  ])('are enforced for %s', (_, name, permitted) => {
    const issue = (): unknown => read({ names: [name] });
    if (permitted) expect(issue()).toBeDefined();
    else expect(issue).toThrow(refusal('ERR_CA_NAME_NOT_PERMITTED'));
  });

  it('hold for every name, not only the first', () => {
    const names = ['hello.prod1.example.com', 'hello.prod2.example.com'];
    expect(() => read({ names })).toThrow(refusal('ERR_CA_NAME_NOT_PERMITTED'));
  });

  it('hold for every CA of the chain', () => {
    const constrained = (domain: string): Parameters<typeof forge>[0] => ({
      subject: domain,
      extensions: [nameConstraintsExtension({ permitted: { dns: [domain] } })],
    });
    const top = forge(constrained('b.example.com'));
    const low = forge({
      ...constrained('example.com'),
      issuer: { subject: 'b.example.com', key: top.privateKey },
    });
    const from = issuerOf(low, [top.certificate]);
    expect(read({ names: ['a.b.example.com'] }, from)).toBeDefined();
    expect(() => read({ names: ['a.example.com'] }, from)).toThrow(
      refusal('ERR_CA_NAME_NOT_PERMITTED'),
    );
  });

  it('exclude, and take domains in any case and with a leading dot', () => {
    const constraints = {
      permitted: { dns: ['.Example.com'] },
      excluded: { dns: ['no.example.com'] },
    };
    const from = issuerOf(
      forge({ subject: 'x', extensions: [nameConstraintsExtension(constraints)] }),
    );
    expect(read({ names: ['a.example.com'] }, from)).toBeDefined();
    expect(read({ names: ['192.0.2.7'] }, from).subject.text).toBe('');
    for (const name of ['example.com', 'no.example.com', 'a.no.example.com']) {
      expect(() => read({ names: [name] }, from)).toThrow(refusal('ERR_CA_NAME_NOT_PERMITTED'));
    }
  });

  it('limit addresses by range and by version', async () => {
    const permittedIps = ['10.1.0.0/16', '2001:db8::/32'];
    const permittedDomains = ['example.com'];
    const from = issuerOf(
      await createIntermediary({
        root,
        commonName: 'x',
        permittedDomains,
        permittedIps,
        days: 1,
        at: AT,
      }),
    );
    for (const name of ['10.1.255.255', '2001:db8:ffff::1']) {
      expect(read({ names: [name] }, from).subject.text).toBe('');
    }
    for (const name of ['10.2.0.0', '2001:db9::1']) {
      expect(() => read({ names: [name] }, from)).toThrow(refusal('ERR_CA_NAME_NOT_PERMITTED'));
    }
  });
});
