// SPDX-License-Identifier: Apache-2.0
import { encodePrivateKey, loadIssuer, type Issuer } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { encodePem, toHex } from '@proofgate/evidence';
import type { SimulatedPlatform } from '@proofgate/simulator';
import { parsePolicy } from '@proofgate/verifier';
import type { PeerRequirements } from '@proofgate/verifier/node';

/** An operator's PKI. */
export interface Operator {
  readonly issuer: Issuer;
  /** DER. */
  readonly root: Uint8Array;
}

/** Makes one for hosts below demo.localhost. */
export async function newOperator(): Promise<Operator> {
  const at = new Date();
  const root = await createRoot({ commonName: 'Operator root', days: 30, at });
  const { certificate, privateKey } = await createIntermediary({
    root,
    commonName: 'Operator CA',
    permittedDomains: ['demo.localhost'],
    days: 10,
    at,
  });
  const certificatePem = encodePem('CERTIFICATE', certificate);
  const issuer = loadIssuer({ certificatePem, privateKeyPem: encodePrivateKey(privateKey), at });
  return { issuer, root: root.certificate };
}

/** What a client of the operator's demands of a host: this software, on a genuine platform. */
export function demandsOf(
  { root }: Operator,
  platform: SimulatedPlatform,
  freshness: 'certificate' | 'session',
): PeerRequirements {
  const { mrtd, rtmr } = platform.measurements();
  return {
    policy: parsePolicy({
      version: 1,
      tee: 'tdx',
      roots: `sha256:${platform.rootSha256}`,
      measurements: { image: { mrtd: toHex(mrtd), rtmr1: toHex(rtmr[1]), rtmr2: toHex(rtmr[2]) } },
      freshness: { mode: freshness, maxAge: 'PT1H' },
    }),
    collateral: platform.collateral(),
    caRoots: [root],
  };
}
