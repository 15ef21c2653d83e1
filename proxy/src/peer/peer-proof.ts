// SPDX-License-Identifier: Apache-2.0
import { OID, sha256, toHex, utf8 } from '@proofgate/evidence';
import type { Register, Tee, Verdict } from '@proofgate/verifier';

/** What a client has proved about itself, and how. */
export interface PeerProof {
  /** `session`: for this very TLS session. `certificate`: for the key of the client's certificate. */
  readonly binding: 'certificate' | 'session';
  readonly tee: Tee;
  /** The root that its evidence stands on: `intel`, `amd`, or `custom:` and a SHA-256. */
  readonly trustAnchor: string;
  /** SHA-256 of the certificate's SubjectPublicKeyInfo, lower-case hex. */
  readonly keySha256: string;
  /** SHA-256 of the certificate. */
  readonly certificateSha256: Uint8Array;
  /** Lower-case hex. */
  readonly measurements: ReadonlyMap<Register, string>;
  /** Names TEE and measurements: who the client is, whatever its key. */
  readonly subject: string;
  /** Lower-case hex; absent unless roots that the operator named vouch for the certificate. */
  readonly appId: string | undefined;
  readonly imageDigest: string | undefined;
  /** Name of the policy that accepts it. */
  readonly policy: string;
  /** From then on it has to be proved anew, in milliseconds since 1970. */
  readonly until: number;
}

/**
 * What a verdict on a client's evidence proves.
 *
 * @param maxAgeMs how long it counts at most; a policy that bounds the age of evidence, the collateral and the certificate
 *   may end it earlier
 */
export function peerProof(
  verdict: Verdict,
  maxAgeMs: number,
  policyAgeMs: number | undefined,
): PeerProof {
  const { evidence, certificate, binding, extensions, chainVerified, policy } = verdict;
  if (certificate === undefined || binding === 'none') {
    throw new TypeError('verdict is not on a certificate');
  }
  const { tee, measurements, trustAnchor } = evidence;
  const claim = (oid: string): string | undefined => {
    // Whoever holds the key can write anything into a certificate of its own.
    const found = chainVerified ? extensions.find((extension) => extension.oid === oid) : undefined;
    return found === undefined ? undefined : toHex(found.value);
  };
  return {
    binding,
    tee,
    trustAnchor,
    keySha256: toHex(sha256(certificate.spki)),
    certificateSha256: sha256(certificate.raw),
    measurements,
    subject: subjectOf(tee, measurements),
    appId: claim(OID.appId),
    imageDigest: claim(OID.imageDigest),
    policy,
    until: Math.min(...ends(verdict, maxAgeMs, policyAgeMs)),
  };
}

/** When something ends that the proof stands on. */
function* ends(
  { at, evidence, certificate, quoteTime }: Verdict,
  maxAgeMs: number,
  policyAgeMs: number | undefined,
): Generator<number> {
  yield at.getTime() + maxAgeMs;
  if (certificate !== undefined) yield certificate.notAfter.getTime();
  if (evidence.tee !== 'sev-snp') yield evidence.collateralValidUntil.getTime();
  if (policyAgeMs !== undefined && quoteTime !== undefined) {
    yield quoteTime.getTime() + policyAgeMs;
  }
}

function subjectOf(tee: Tee, measurements: ReadonlyMap<Register, string>): string {
  const lines = [...measurements].map(([register, value]) => `${register}=${value}`).sort();
  return `${tee}:${toHex(sha256(utf8(lines.join('\n'))))}`;
}
