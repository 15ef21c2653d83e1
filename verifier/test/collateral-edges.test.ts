// SPDX-License-Identifier: Apache-2.0
import { asSha384, type Collateral, parseQuote } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  newSigningKey,
  type PlatformDescription,
} from '@proofgate/simulator';
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { type PckChain, readChain, type RootedCertificate } from '../src/dcap/issuer-chain.ts';
import { PlatformKeys } from '../src/dcap/platform-keys.ts';
import { verifyDocumentSignature } from '../src/dcap/verify-document-signature.ts';
import { checkAttestationKey, verifyQeReport } from '../src/dcap/verify-qe-report.ts';
import { INTEL_ROOT } from '../src/roots/intel-sgx-root.ts';
import { refusal } from './refusal.ts';

const AT = new Date('2026-06-01T12:00:00Z');
const platform = createSimulatedPlatform({ at: AT });
const quote = await platform.quote(new Uint8Array(64));
const root = { sha256: platform.rootSha256 };
const sound = platform.collateral();

const prepare = async (more: Partial<Collateral>) =>
  refusal(async () => prepareCollateral({ ...sound, ...more }, { root, at: AT }));

/** Verifies a quote of a platform that differs from a sound one. */
async function outcome(alter: (description: PlatformDescription) => void): Promise<string> {
  const other = createSimulatedPlatform({ at: AT, alter });
  const bytes = await other.quote(new Uint8Array(64));
  return refusal(async () => {
    const collateral = await prepareCollateral(other.collateral(), {
      root: { sha256: other.rootSha256 },
      at: AT,
    });
    return verifyQuote(bytes, collateral, { at: AT });
  });
}

describe('collateral', () => {
  it('is accepted as it is', async () => {
    expect(await prepare({})).toBe('accepted');
  });

  it.each<[string, Partial<Collateral>, string]>([
    [
      'a signature that is not hex',
      { tcb_info_signature: 'signature' },
      'ERR_DCAP_COLLATERAL_SIGNATURE',
    ],
    ['no signature', { qe_identity_signature: '' }, 'ERR_DCAP_COLLATERAL_SIGNATURE'],
    [
      'a signature with a byte more',
      { tcb_info_signature: `${sound.tcb_info_signature}00` },
      'ERR_DCAP_COLLATERAL_SIGNATURE',
    ],
    [
      'the other document’s signature',
      { qe_identity_signature: sound.tcb_info_signature },
      'ERR_DCAP_COLLATERAL_SIGNATURE',
    ],
    ['a root list that is not hex', { root_ca_crl: 'zz' }, 'ERR_CRL_UNREADABLE'],
    ['a PCK list that is not hex', { pck_crl: 'zz' }, 'ERR_CRL_UNREADABLE'],
    ['the root’s list in place of the PCK CA’s', { pck_crl: sound.root_ca_crl }, 'ERR_CRL_ISSUER'],
    ['a chain without certificates', { tcb_info_issuer_chain: '' }, 'ERR_PEM_INVALID'],
    [
      'the PCK CA in place of the TCB signer',
      { tcb_info_issuer_chain: sound.pck_crl_issuer_chain },
      'ERR_CERT_ROLE',
    ],
    [
      'the PCK CA in place of the QE identity’s signer',
      { qe_identity_issuer_chain: sound.pck_crl_issuer_chain },
      'ERR_CERT_ROLE',
    ],
    [
      'the TCB signer in place of the PCK CA',
      { pck_crl_issuer_chain: sound.tcb_info_issuer_chain },
      'ERR_CERT_ROLE',
    ],
  ])('is refused with %s', async (_what, change, code) => {
    expect(await prepare(change)).toBe(code);
  });

  it('is refused with the roots that were accepted', async () => {
    const refused = prepareCollateral(sound, { root: ['intel', 'amd'], at: AT });
    await expect(refused).rejects.toMatchObject({ expected: `${INTEL_ROOT.what} or amd` });
  });

  it('is for one TEE', async () => {
    const sgx = platform.collateral('sgx');
    expect(await prepare(sgx)).toBe('accepted');
    const mixed = {
      qe_identity: sgx.qe_identity,
      qe_identity_signature: sgx.qe_identity_signature,
    };
    expect(await prepare(mixed)).toBe('ERR_DCAP_COLLATERAL_MISMATCH');
  });

  it('is for one kind of platform', async () => {
    expect(
      await outcome(({ collateral }) => {
        collateral.tdx.tcbInfo.content.fmspc = '000000000001';
      }),
    ).toBe('ERR_DCAP_COLLATERAL_MISMATCH');
    expect(
      await outcome(({ collateral }) => {
        collateral.tdx.tcbInfo.content.pceId = '0001';
      }),
    ).toBe('ERR_DCAP_COLLATERAL_MISMATCH');
  });

  it('ends at one root in every chain', async () => {
    const stranger = createSimulatedPlatform({ at: AT });
    const other = stranger.collateral();
    const either = [root, { sha256: stranger.rootSha256 }];
    for (const chain of ['tcb_info_issuer_chain', 'qe_identity_issuer_chain'] as const) {
      const mixed = { ...sound, [chain]: other[chain] };
      expect(await refusal(async () => prepareCollateral(mixed, { root: either, at: AT }))).toBe(
        'ERR_CERT_ROOT_UNTRUSTED',
      );
    }
  });

  it('may have a signer for each document, of which both count', async () => {
    const withSecondSigner =
      (change: (signer: PlatformDescription['certificates']['tcbSigner']) => void) =>
      ({ certificates, collateral }: PlatformDescription): void => {
        const second = { ...certificates.tcbSigner, key: newSigningKey() };
        change(second);
        collateral.tdx.qeIdentity.signedBy = second.key;
        collateral.tdx.qeIdentity.chain = [second, certificates.root];
      };
    expect(await outcome(withSecondSigner(() => undefined))).toBe('accepted');
    const past = new Date(AT.getTime() - 1000);
    expect(await outcome(withSecondSigner((signer) => (signer.notAfter = past)))).toBe(
      'ERR_CERT_EXPIRED',
    );
    const otherName = 'SIMULATED SGX PCK Certificate';
    expect(await outcome(withSecondSigner((signer) => (signer.commonName = otherName)))).toBe(
      'ERR_CERT_ROLE',
    );
    expect(
      await outcome((description) => {
        withSecondSigner(() => undefined)(description);
        const [second] = description.collateral.tdx.qeIdentity.chain;
        if (second !== undefined) description.rootCrl.revoked.push(second);
      }),
    ).toBe('ERR_CERT_REVOKED');
  });

  it('runs out with its first part', async () => {
    const { windows, validUntil } = await prepareCollateral(sound, { root, at: AT });
    expect(windows).toHaveLength(7);
    expect(validUntil.getTime()).toBe(Math.min(...windows.map(({ until }) => until.getTime())));
  });

  it('names PCK CAs that are on the root’s list', async () => {
    const revoke = ({ rootCrl, certificates }: PlatformDescription): void => {
      rootCrl.revoked.push(certificates.pckCa);
    };
    expect(await outcome(revoke)).toBe('ERR_CERT_REVOKED');
  });
});

describe('chains', () => {
  const pem = parseQuote(quote).signature.certificateChainPem;
  const [pck = '', ca = '', rootPem = ''] = pem.split(/(?<=-----END CERTIFICATE-----\n)/);

  it('have a length', async () => {
    expect(await refusal(() => readChain<PckChain>(pck + ca + rootPem, 3, 'it'))).toBe('accepted');
    expect(await refusal(() => readChain<PckChain>(pck + ca, 3, 'it'))).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
    expect(await refusal(() => readChain<PckChain>(pck + ca + rootPem + rootPem, 3, 'it'))).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
    expect(await refusal(() => readChain<RootedCertificate>(ca + rootPem, 2, 'it'))).toBe(
      'accepted',
    );
    expect(await refusal(() => readChain<RootedCertificate>(ca, 2, 'it'))).toBe(
      'ERR_CERT_CHAIN_LENGTH',
    );
  });
});

describe('keys', () => {
  it('of quotes are points of P-256', async () => {
    const keys = new PlatformKeys();
    const { attestationKey } = parseQuote(quote).signature;
    expect(await refusal(async () => keys.attestationKey(attestationKey))).toBe('accepted');
    const off = attestationKey.with(3, (attestationKey[3] ?? 0) ^ 1);
    expect(await refusal(async () => keys.attestationKey(off))).toBe('ERR_DCAP_QUOTE_SIGNATURE');
  });

  it('of the PCK and the root sign what is theirs alone', async () => {
    const { signature } = parseQuote(quote);
    const prepared = await prepareCollateral(sound, { root, at: AT });
    const { pck } = await prepared.platformKeys.material(signature.certificateChainPem);
    expect(await refusal(async () => verifyQeReport(signature, pck))).toBe('accepted');
    expect(await refusal(async () => verifyQeReport(signature, prepared.root))).toBe(
      'ERR_DCAP_QE_SIGNATURE',
    );
    const text = async (hex: string) =>
      refusal(async () => verifyDocumentSignature(sound.tcb_info, hex, prepared.root, 'it'));
    expect(await text(sound.tcb_info_signature)).toBe('ERR_DCAP_COLLATERAL_SIGNATURE');
    expect(await text('no hex')).toBe('ERR_DCAP_COLLATERAL_SIGNATURE');
  });
});

describe('the TDX module', () => {
  it('of major version 0 is judged by what TCB info says of modules in general', async () => {
    const unversioned = ({ td, collateral }: PlatformDescription): void => {
      td.teeTcbSvn = Uint8Array.from([7, 0, 3, ...new Array<number>(13).fill(0)]);
      delete collateral.tdx.tcbInfo.content.tdxModuleIdentities;
    };
    expect(await outcome(unversioned)).toBe('accepted');
    expect(
      await outcome((description) => {
        unversioned(description);
        description.td.mrSignerSeam = asSha384(new Uint8Array(48).fill(1));
      }),
    ).toBe('ERR_DCAP_TDX_MODULE');
  });

  it('has no attributes, even where the mask would let them pass', async () => {
    expect(
      await outcome(({ td, collateral }) => {
        for (const module of collateral.tdx.tcbInfo.content.tdxModuleIdentities ?? []) {
          module.attributesMask = '00'.repeat(8);
        }
        td.seamAttributes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
      }),
    ).toBe('ERR_DCAP_TDX_MODULE');
  });

  it('has none where Intel would name some', async () => {
    expect(
      await outcome(({ collateral }) => {
        for (const module of collateral.tdx.tcbInfo.content.tdxModuleIdentities ?? []) {
          module.attributes = '01'.padEnd(16, '0');
        }
      }),
    ).toBe('ERR_DCAP_TDX_MODULE');
  });
});

describe('the quoting enclave', () => {
  it('is compared under the masks', async () => {
    const withMisc = (misc: number, mask: string) => (description: PlatformDescription) => {
      description.quotingEnclaves.tdx.report.miscSelect = misc;
      description.collateral.tdx.qeIdentity.content.miscselectMask = mask;
    };
    expect(await outcome(withMisc(1, 'FFFFFFFF'))).toBe('ERR_DCAP_QE_IDENTITY');
    expect(await outcome(withMisc(1, 'FFFFFFFE'))).toBe('accepted');
    expect(await outcome(withMisc(0x01000000, 'FEFFFFFF'))).toBe('accepted');
    expect(await outcome(withMisc(0x01000000, 'FFFFFFFE'))).toBe('ERR_DCAP_QE_IDENTITY');
  });

  it('leaves the second half of its report data zero', async () => {
    // Changing it takes the PCK’s signature with it, so this is checked on the parsed quote.
    const { signature } = parseQuote(quote);
    expect(await refusal(async () => checkAttestationKey(signature))).toBe('accepted');
    const { reportData } = signature.qeReport;
    for (const index of [0, 31, 32, 63]) {
      const changed = reportData.with(index, (reportData[index] ?? 0) ^ 1) as typeof reportData;
      const qeReport = { ...signature.qeReport, reportData: changed };
      expect(await refusal(async () => checkAttestationKey({ ...signature, qeReport }))).toBe(
        'ERR_DCAP_QE_BINDING',
      );
    }
  });
});
