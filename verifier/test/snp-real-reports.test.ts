// SPDX-License-Identifier: Apache-2.0
import { decodePem, parseCertificate, toHex } from '@proofgate/evidence';
import { endorsementsFromPem, verifySnpReport } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { expectedReports, haveRealEvidence, realFile, realText } from './real-evidence.ts';
import { refusal } from './refusal.ts';

const AT = new Date('2024-06-01T00:00:00Z');
const reports = expectedReports();

describe.skipIf(!haveRealEvidence)('SEV-SNP reports of real machines', () => {
  const load = (name: string) => {
    const found = reports.find((report) => report.name === name);
    if (found === undefined) throw new Error(`no report ${name}`);
    return {
      bytes: realFile(`snp/${found.report}`),
      endorsements: endorsementsFromPem(
        realText(`snp/${found.chain}`) + realText(`snp/${found.leaf}`),
      ),
      expected: found,
    };
  };

  it.each(reports.map(({ name }) => [name]))('verifies %s', async (name) => {
    const { bytes, endorsements, expected } = load(name);
    const claims = await verifySnpReport(bytes, endorsements, { root: 'amd', at: AT });
    expect(claims.trustAnchor).toBe('amd');
    expect(claims.debug).toBe(expected.debug);
    expect(claims.report.vmpl).toBe(expected.vmpl);
    expect(claims.measurements.get('measurement')).toBe(expected.measurement);
    expect(toHex(claims.platform.chipId ?? new Uint8Array())).toBe(expected.chip_id);
    expect(claims.platform.product).toBe('Milan');
  });

  it('never accepts a report with a changed byte', async () => {
    const { bytes, endorsements } = load('trustee-vcek');
    for (let index = 0; index < 0x2a0 + 96; index += 7) {
      const changed = bytes.slice();
      changed[index] = (changed[index] ?? 0) ^ 0x10;
      const run = async () => verifySnpReport(changed, endorsements, { root: 'amd', at: AT });
      expect(await refusal(run), `byte ${index}`).not.toBe('accepted');
    }
  });

  it('refuses the chain of another chip', async () => {
    const [one, other] = [load('trustee-vcek'), load('gosev-milan')];
    const run = async () => verifySnpReport(one.bytes, other.endorsements, { root: 'amd', at: AT });
    expect(await refusal(run)).toBe('ERR_SNP_SIGNATURE');
  });

  it('refuses a root that was not named, and another product’s', async () => {
    const { bytes, endorsements } = load('trustee-vcek');
    const verify = async (root: Parameters<typeof verifySnpReport>[2]['root']) =>
      verifySnpReport(bytes, endorsements, { root, at: AT });
    expect(await refusal(async () => verify('intel'))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    const [, genoa] = decodePem(realText('snp/chain-genoa.pem'), 'CERTIFICATE');
    if (genoa === undefined) throw new Error('no Genoa root');
    const mixed = { chain: [...endorsements.chain.slice(0, 2), genoa] };
    const run = async () => verifySnpReport(bytes, mixed, { root: 'amd', at: AT });
    expect(await refusal(run)).toBe('ERR_CERT_ROLE');
  });

  it('checks validity to the second', async () => {
    const { bytes, endorsements } = load('trustee-vcek');
    const at = async (time: string) =>
      refusal(async () =>
        verifySnpReport(bytes, endorsements, { root: 'amd', at: new Date(time) }),
      );
    const { notBefore, notAfter } = parseCertificate(endorsements.chain[0] ?? new Uint8Array());
    expect(await at(notBefore.toISOString())).toBe('accepted');
    expect(await at(new Date(notBefore.getTime() - 1000).toISOString())).toBe(
      'ERR_CERT_NOT_YET_VALID',
    );
    expect(await at(notAfter.toISOString())).toBe('accepted');
    expect(await at(new Date(notAfter.getTime() + 1000).toISOString())).toBe('ERR_CERT_EXPIRED');
  });

  it('demands the whole chain', async () => {
    const { bytes, endorsements } = load('trustee-vcek');
    for (const length of [0, 1, 2]) {
      const chain = endorsements.chain.slice(0, length);
      const run = async () => verifySnpReport(bytes, { chain }, { root: 'amd', at: AT });
      expect(await refusal(run)).toBe('ERR_CERT_CHAIN_LENGTH');
    }
    const leafAlone = realText('snp/trustee-vcek-leaf.pem');
    expect(await refusal(() => endorsementsFromPem(leafAlone))).toBe(
      'ERR_SNP_ENDORSEMENTS_MISSING',
    );
  });

  it('refuses a revocation list that is no list, and one that AMD did not sign', async () => {
    const { bytes, endorsements } = load('trustee-vcek');
    const withList = async (revocationList: Uint8Array) =>
      refusal(async () =>
        verifySnpReport(bytes, { ...endorsements, revocationList }, { root: 'amd', at: AT }),
      );
    expect(await withList(new Uint8Array())).toBe('ERR_CRL_UNREADABLE');
    expect(await withList(Uint8Array.of(1, 2, 3))).toBe('ERR_CRL_UNREADABLE');
  });
});
