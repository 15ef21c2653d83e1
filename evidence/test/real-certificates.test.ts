// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodePem, parseCertificate, toHex } from '@proofgate/evidence';
import {
  missingRealData,
  realCollateralFiles,
  realReports,
  realText,
  realTitle,
} from './real-data.ts';

describe.skipIf(missingRealData)(realTitle('real certificates'), () => {
  const pems = [
    ...realReports.flatMap(({ leaf, chain }) => [
      realText(`snp/${leaf}`),
      realText(`snp/${chain}`),
    ]),
    realText('snp/chain-genoa.pem'),
    ...realCollateralFiles.flatMap((file) => {
      const bundle = JSON.parse(realText(file)) as Record<string, string>;
      return ['pck_crl', 'tcb_info', 'qe_identity'].map(
        (key) => bundle[`${key}_issuer_chain`] ?? '',
      );
    }),
  ];

  it('read as OpenSSL reads them', () => {
    const ders = pems.flatMap((pem) => decodePem(pem, 'CERTIFICATE'));
    expect(ders.length).toBeGreaterThan(50);
    for (const der of ders) {
      const [ours, theirs] = [parseCertificate(der), new X509Certificate(der)];
      expect(BigInt(`0x${toHex(ours.serialNumber)}`)).toBe(BigInt(`0x${theirs.serialNumber}`));
      expect(ours.notBefore).toEqual(new Date(theirs.validFrom));
      expect(ours.notAfter).toEqual(new Date(theirs.validTo));
      expect(ours.basicConstraints?.ca ?? false).toBe(theirs.ca);
      expect(theirs.subject.split('\n')).toContain(`CN=${ours.subject.commonName}`);
      expect(theirs.issuer.split('\n')).toContain(`CN=${ours.issuer.commonName}`);
      const key = theirs.publicKey.export({ type: 'spki', format: 'der' });
      expect(toHex(ours.spki)).toBe(key.toString('hex'));
    }
  });

  it('include serial number zero, and signatures that are RSASSA-PSS', () => {
    const [leaf] = decodePem(realText(`snp/${realReports[0]!.leaf}`), 'CERTIFICATE');
    const vcek = parseCertificate(leaf!);
    expect(toHex(vcek.serialNumber)).toBe('00');
    expect(vcek.signatureAlgorithm).toBe('1.2.840.113549.1.1.10');
    expect(vcek.publicKey.algorithm).toBe('ec-p384');
  });
});
