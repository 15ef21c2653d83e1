// SPDX-License-Identifier: Apache-2.0
import {
  createSimulatedPlatform,
  newSigningKey,
  type PlatformDescription,
} from '@proofgate/simulator';
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { refusal } from './refusal.ts';

const AT = new Date('2026-06-01T12:00:00Z');

/** Verifies a quote of a platform that differs from a sound one, and says how that ends. */
async function outcome(alter: (platform: PlatformDescription) => void): Promise<string> {
  const platform = createSimulatedPlatform({ at: AT, alter });
  const quote = await platform.quote(new Uint8Array(64));
  return refusal(async () => {
    const root = { sha256: platform.rootSha256 };
    const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
    return verifyQuote(quote, collateral, { at: AT });
  });
}

/** Changes signed TCB info in ways that its type does not allow. */
async function withTcbInfo(change: (info: Record<string, unknown>) => void): Promise<string> {
  return outcome(({ collateral }) => {
    change(collateral.tdx.tcbInfo.content as unknown as Record<string, unknown>);
  });
}

async function withQeIdentity(change: (info: Record<string, unknown>) => void): Promise<string> {
  return outcome(({ collateral }) => {
    change(collateral.tdx.qeIdentity.content as unknown as Record<string, unknown>);
  });
}

const INVALID = 'ERR_DCAP_COLLATERAL_INVALID';

describe('signed TCB info', () => {
  it('is accepted with members that are new', async () => {
    expect(await withTcbInfo((info) => (info['something'] = { new: true }))).toBe('accepted');
  });

  it.each<[string, (info: Record<string, unknown>) => void]>([
    ['of another version', (info) => (info['version'] = 4)],
    ['of another TCB type', (info) => (info['tcbType'] = 1)],
    ['without an id', (info) => delete info['id']],
    ['with a negative evaluation number', (info) => (info['tcbEvaluationDataNumber'] = -1)],
    ['with a fraction', (info) => (info['tcbEvaluationDataNumber'] = 1.5)],
    ['with a short FMSPC', (info) => (info['fmspc'] = '00')],
    ['without levels', (info) => (info['tcbLevels'] = [])],
    [
      'with a level twice',
      (info) => {
        const levels = info['tcbLevels'] as unknown[];
        levels.push(levels[0]);
      },
    ],
    [
      'with a module twice',
      (info) => {
        const identities = info['tdxModuleIdentities'] as unknown[];
        identities.push(identities[0]);
      },
    ],
    [
      'with an unknown status',
      (info) => {
        const [level] = info['tcbLevels'] as { tcbStatus: string }[];
        if (level !== undefined) level.tcbStatus = 'Fine';
      },
    ],
    [
      'with 15 components',
      (info) => {
        const [level] = info['tcbLevels'] as { tcb: { sgxtcbcomponents: unknown[] } }[];
        level?.tcb.sgxtcbcomponents.pop();
      },
    ],
    [
      'with a component of 256',
      (info) => {
        const [level] = info['tcbLevels'] as { tcb: { sgxtcbcomponents: { svn: number }[] } }[];
        const [component] = level?.tcb.sgxtcbcomponents ?? [];
        if (component !== undefined) component.svn = 256;
      },
    ],
    ['without a module', (info) => delete info['tdxModule']],
  ])('is refused %s', async (_what, change) => {
    expect(await withTcbInfo(change)).toBe(INVALID);
  });

  it('knows no versioned module without identities', async () => {
    const none = (info: Record<string, unknown>) => delete info['tdxModuleIdentities'];
    expect(await withTcbInfo(none)).toBe('ERR_DCAP_TDX_MODULE');
  });

  it('does not depend on the order of levels', async () => {
    const reverse = (info: Record<string, unknown>) => (info['tcbLevels'] as unknown[]).reverse();
    expect(await withTcbInfo(reverse)).toBe('accepted');
  });
});

describe('signed QE identity', () => {
  it.each<[string, (info: Record<string, unknown>) => void, string]>([
    ['of another version', (info) => (info['version'] = 3), INVALID],
    ['of the QE for SGX', (info) => (info['id'] = 'QE'), 'ERR_DCAP_COLLATERAL_MISMATCH'],
    ['of something else', (info) => (info['id'] = 'QVE'), INVALID],
    ['with a mask that is short', (info) => (info['attributesMask'] = 'FF'), INVALID],
    ['with another product id', (info) => (info['isvprodid'] = 9), 'ERR_DCAP_QE_IDENTITY'],
    ['with other MISCSELECT', (info) => (info['miscselect'] = '00000001'), 'ERR_DCAP_QE_IDENTITY'],
    [
      'with a status that a QE cannot have',
      (info) => {
        const [level] = info['tcbLevels'] as { tcbStatus: string }[];
        if (level !== undefined) level.tcbStatus = 'SWHardeningNeeded';
      },
      INVALID,
    ],
  ])('is refused %s', async (_what, change, code) => {
    expect(await withQeIdentity(change)).toBe(code);
  });
});

describe('certificates of the platform', () => {
  it.each<[string, (platform: PlatformDescription) => void, string]>([
    [
      'a root that allows no CA below it',
      ({ certificates }) => (certificates.root.basicConstraints.pathLength = 0),
      'ERR_CERT_PATH_LENGTH',
    ],
    [
      'a root of another role',
      ({ certificates }) => (certificates.root.commonName = 'SIMULATED Root CA'),
      'ERR_CERT_ROLE',
    ],
    [
      'a root that does not sign lists',
      ({ certificates }) => (certificates.root.keyUsage = ['keyCertSign']),
      'ERR_CERT_KEY_USAGE',
    ],
    [
      'a PCK CA that does not sign lists',
      ({ certificates }) => (certificates.pckCa.keyUsage = ['keyCertSign']),
      'ERR_CERT_KEY_USAGE',
    ],
    [
      'a PCK that is a CA',
      ({ certificates }) => (certificates.pck.basicConstraints = { ca: true }),
      'ERR_CERT_IS_A_CA',
    ],
    [
      'a PCK that may sign certificates',
      ({ certificates }) => certificates.pck.keyUsage.push('keyCertSign'),
      'ERR_CERT_IS_A_CA',
    ],
    [
      'a PCK that may not sign data',
      ({ certificates }) => (certificates.pck.keyUsage = ['nonRepudiation']),
      'ERR_CERT_KEY_USAGE',
    ],
    [
      'a TCB signer that is a CA',
      ({ certificates }) => (certificates.tcbSigner.basicConstraints = { ca: true }),
      'ERR_CERT_IS_A_CA',
    ],
    [
      'a TCB signer under another name',
      ({ certificates }) => (certificates.tcbSigner.commonName = 'SIMULATED SGX PCK Certificate'),
      'ERR_CERT_ROLE',
    ],
    [
      'a PCK without platform data',
      ({ certificates }) => delete certificates.pck.pck,
      'ERR_PCK_EXTENSION',
    ],
  ])('refuses %s', async (_what, alter, code) => {
    expect(await outcome(alter)).toBe(code);
  });

  const withOtherCa =
    (change: (ca: PlatformDescription['certificates']['pckCa']) => void) =>
    ({ certificates, quote }: PlatformDescription): void => {
      const reissued = { ...certificates.pckCa };
      change(reissued);
      certificates.pck.issuer = reissued;
      quote.chain = [certificates.pck, reissued, certificates.root];
    };

  it('accepts a reissued PCK CA of the same name and key, and no other', async () => {
    const later = new Date(AT.getTime() + 86_400_000);
    expect(await outcome(withOtherCa((ca) => (ca.notAfter = later)))).toBe('accepted');
    const expired = new Date(AT.getTime() - 1000);
    expect(await outcome(withOtherCa((ca) => (ca.notAfter = expired)))).toBe('ERR_CERT_EXPIRED');
    expect(await outcome(withOtherCa((ca) => (ca.key = newSigningKey())))).toBe('ERR_CRL_ISSUER');
    const processor = 'SIMULATED SGX PCK Processor CA';
    expect(await outcome(withOtherCa((ca) => (ca.commonName = processor)))).toBe('ERR_CRL_ISSUER');
  });
});
