// SPDX-License-Identifier: Apache-2.0
import { parseCertificate, sha256, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { INTEL_SGX_ROOT_CA, prepareCollateral, type TrustedRoots } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { INTEL_ROOT } from '../src/roots/intel-sgx-root.ts';
import { NOW } from './private-pki.ts';
import { refusal } from './refusal.ts';

describe('trusted roots', () => {
  it('carry Intel’s certificate as published', () => {
    const { subject, issuer } = parseCertificate(INTEL_SGX_ROOT_CA);
    expect(subject.commonName).toBe('Intel SGX Root CA');
    expect(issuer.raw).toEqual(subject.raw);
    expect(toHex(sha256(INTEL_SGX_ROOT_CA))).toBe(
      '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
    );
  });

  const platform = createSimulatedPlatform({ at: NOW });
  const other = createSimulatedPlatform({ at: NOW });
  const untrusted = 'ERR_CERT_ROOT_UNTRUSTED';

  it.each<[string, TrustedRoots, string]>([
    ['its hash', { sha256: platform.rootSha256 }, 'accepted'],
    ['its hash in upper case', { sha256: platform.rootSha256.toUpperCase() }, 'accepted'],
    ['its bytes', { certificate: platform.rootCertificate }, 'accepted'],
    ['it among others', ['intel', 'amd', { sha256: platform.rootSha256 }], 'accepted'],
    ['another of the same name', { certificate: other.rootCertificate }, untrusted],
    ['the hash of another', { sha256: other.rootSha256 }, untrusted],
    ['the vendors', ['intel', 'amd'], untrusted],
    ['nothing', [], untrusted],
    ['no hash', { sha256: 'intel' }, 'ERR_VERIFIER_ARGUMENT'],
  ])('name %s', async (_what, root, expected) => {
    const run = async () => prepareCollateral(platform.collateral(), { root, at: NOW });
    expect(await refusal(run)).toBe(expected);
  });

  it('are named in a refusal', async () => {
    const root: TrustedRoots = ['intel', { sha256: other.rootSha256 }];
    const run = prepareCollateral(platform.collateral(), { root, at: NOW });
    await expect(run).rejects.toMatchObject({
      expected: `${INTEL_ROOT.what} or sha256:${other.rootSha256}`,
    });
  });
});
