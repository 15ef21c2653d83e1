// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createIntermediary, createRevocationList } from '@proofgate/ca/authorities';
import { publishRevocations, revokeCertificate } from '@proofgate/ca/operator';
import { parseCertificate, parseCertificateList, toHex } from '@proofgate/evidence';
import { caDirectory, issueOne, withCa } from './ca-directory.ts';
import { hasOpenssl, opensslDirectory, opensslTitle } from './openssl.ts';
import { AT, DAY_MS, forge, pem, refusal, root } from './pki.ts';

const options = { issuer: root, number: 1, revoked: [], at: AT, days: 30 };

describe('a revocation list', () => {
  it('says what is revoked, when and why', () => {
    const revoked = [
      { serial: '40aa', at: AT, reason: 'keyCompromise' as const },
      { serial: '40bb', at: AT, reason: 'unspecified' as const },
    ];
    const list = parseCertificateList(createRevocationList({ ...options, revoked }));
    expect(list.revoked.get('40aa')?.reason).toBe(1);
    expect(list.revoked.get('40bb')).not.toHaveProperty('reason');
    expect(list.crlNumber).toBe(1n);
    expect(list.thisUpdate.toISOString()).toBe('2026-11-20T09:30:42.000Z');
    expect(list.nextUpdate?.getTime()).toBe(AT.getTime() + 30 * DAY_MS);
  });

  it('does not outlive its issuer', async () => {
    const short = await createIntermediary({
      ...{ root, commonName: 'Short', permittedDomains: ['a.example'], days: 2, at: AT },
    });
    const list = parseCertificateList(createRevocationList({ ...options, issuer: short }));
    expect(list.nextUpdate).toEqual(parseCertificate(short.certificate).notAfter);
  });

  it.each([0, 366, 1.5])('is not valid for %s days', (days) => {
    expect(() => createRevocationList({ ...options, days })).toThrow(refusal('ERR_CA_VALIDITY'));
  });

  it('is not signed by a CA that may not', () => {
    const issuer = forge({ subject: 'No lists', usages: ['keyCertSign'] });
    expect(() => createRevocationList({ ...options, issuer })).toThrow(refusal('ERR_CA_KEY_USAGE'));
  });
});

describe('publishing', () => {
  it('numbers the lists of a CA upwards and writes the latest', async () => {
    const directory = caDirectory();
    const serial = await withCa(directory, async (ca) => {
      const issued = await issueOne(ca);
      expect(await publishRevocations(ca, { root, days: 30, at: AT })).toMatchObject({
        number: 1,
        revoked: 0,
      });
      await revokeCertificate(ca, { serial: issued.serial, reason: 'superseded', at: AT });
      expect(await publishRevocations(ca, { root, days: 30, at: AT })).toMatchObject({
        number: 2,
        revoked: 1,
      });
      return issued.serial;
    });
    const list = parseCertificateList(new Uint8Array(readFileSync(join(directory, 'root.crl'))));
    expect([...list.revoked.keys()]).toEqual([serial]);
    expect(list.crlNumber).toBe(2n);
  });

  it('leaves out what has expired', async () => {
    const directory = caDirectory();
    const later = new Date(AT.getTime() + 400 * DAY_MS);
    await withCa(directory, async (ca) => {
      const { serial } = await issueOne(ca);
      await revokeCertificate(ca, { serial, reason: 'superseded', at: AT });
      expect(await publishRevocations(ca, { root, days: 30, at: later })).toMatchObject({
        revoked: 0,
      });
    });
  });

  it('refuses to revoke what was not issued, or twice', async () => {
    await withCa(caDirectory(), async (ca) => {
      const { serial } = await issueOne(ca);
      const revoke = (which: string): Promise<void> =>
        revokeCertificate(ca, { serial: which, reason: 'unspecified', at: AT });
      await expect(revoke('0102')).rejects.toEqual(refusal('ERR_CA_NOT_ISSUED'));
      await revoke(serial);
      await expect(revoke(serial)).rejects.toEqual(refusal('ERR_CA_ALREADY_REVOKED'));
    });
  });
});

describe.skipIf(!hasOpenssl)(opensslTitle, () => {
  it('reads the list and honours it', async () => {
    const directory = opensslDirectory();
    try {
      const [good, bad] = await withCa(caDirectory(), async (ca) => {
        const issued = [await issueOne(ca), await issueOne(ca)] as const;
        await revokeCertificate(ca, { serial: issued[1].serial, reason: 'superseded', at: AT });
        const { list } = await publishRevocations(ca, { root, days: 30, at: AT });
        directory.write('crl.der', list);
        return issued;
      });
      const shown = directory.run('crl', '-inform', 'DER', '-in', 'crl.der', '-noout', '-text');
      expect(shown).toContain('X509v3 CRL Number');
      expect(shown.toLowerCase()).toContain(toHex(parseCertificate(bad.certificate).serialNumber));
      directory.run('crl', '-inform', 'DER', '-in', 'crl.der', '-out', 'crl.pem');
      directory.write('root.pem', pem(root.certificate));
      const check = (der: Uint8Array): { status: number | null; output: string } =>
        directory.attempt(
          ...['verify', '-attime', String(AT.getTime() / 1000), '-crl_check', '-x509_strict'],
          ...['-CAfile', 'root.pem', '-CRLfile', 'crl.pem'],
          directory.write('checked.pem', pem(der)),
        );
      expect(check(good.certificate)).toMatchObject({ status: 0 });
      expect(check(bad.certificate).output).toContain('certificate revoked');
    } finally {
      directory.dispose();
    }
  });
});
