// SPDX-License-Identifier: Apache-2.0
import {
  type AttestationDocument,
  type Certificate,
  equalBytes,
  type ExtensionValue,
  fromUtf8,
  type LoadedWorkload,
  OID,
  parseAuditManifest,
  type RuntimeEvent,
  sha256,
  toHex,
} from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { listText } from '../list-text.ts';

/** What a certificate claims about the configuration of its host. */
export interface ConfigurationClaims {
  readonly extensions: readonly ExtensionValue[];
  /** The certificate that issued the leaf, when the peer presented it. */
  readonly issuer: Certificate | undefined;
}

/**
 * Demands that what a certificate claims is what the event log proves: its workload, its image profile and the CA that
 * issued it. Claims are signed by that CA alone; the log is in the hardware's measurement.
 *
 * @param events a log that {@link checkEventLog} accepted
 * @param workloads what that returned
 * @throws VerifierError `ERR_EVENT_LOG_WORKLOAD`, `ERR_EVENT_LOG_CA`, `ERR_EVIDENCE_MISMATCH`
 */
export function checkClaimsAgainstLog(
  { extensions, issuer }: ConfigurationClaims,
  events: readonly RuntimeEvent[],
  workloads: readonly LoadedWorkload[],
): void {
  checkWorkload(extensions, workloads);
  checkImageProfile(extensions, events);
  checkIssuer(issuer, events);
}

function checkWorkload(
  extensions: readonly ExtensionValue[],
  workloads: readonly LoadedWorkload[],
): void {
  const digest = hexOf(extensions, OID.imageDigest);
  const root = hexOf(extensions, OID.workloadRoot);
  if (digest === undefined && root === undefined) return;
  const proven = workloads.some(
    (workload) =>
      (digest === undefined || workload.imageDigest === digest) &&
      (root === undefined || workload.configRoot === root),
  );
  if (proven) return;
  throw new VerifierError(
    'ERR_EVENT_LOG_WORKLOAD',
    'the log has no load of the certificate’s workload',
    {
      expected: `image ${digest ?? 'any'}, configuration ${root ?? 'any'}`,
      seen: listText(
        workloads.map(
          (one) => `${one.name}: image ${one.imageDigest}, configuration ${one.configRoot}`,
        ),
        'no workloads',
        '; ',
      ),
    },
  );
}

function checkImageProfile(
  extensions: readonly ExtensionValue[],
  events: readonly RuntimeEvent[],
): void {
  const claimed = extensions.find(({ oid }) => oid === OID.imageProfile)?.value;
  const started = events.findLast((event) => event.type === 'proofgate.platform');
  if (claimed === undefined || started === undefined) return;
  const measured = started.image_profile ?? 'none';
  const profile = fromUtf8(claimed).trim();
  if (profile === measured) return;
  throw new VerifierError('ERR_EVIDENCE_MISMATCH', 'the image profile is not the measured one', {
    expected: measured,
    seen: profile,
  });
}

function checkIssuer(issuer: Certificate | undefined, events: readonly RuntimeEvent[]): void {
  const last = events.findLast(
    (event) => event.type === 'proofgate.ca' || event.type === 'proofgate.platform',
  );
  if (issuer === undefined || last === undefined) return;
  const seen = toHex(sha256(issuer.spki));
  if (seen === last.ca_spki_sha256) return;
  throw new VerifierError('ERR_EVENT_LOG_CA', 'the leaf was issued by another CA', {
    expected: last.ca_spki_sha256,
    seen,
    hint: 'the TD measured the key of its CA; somebody else issued this certificate',
  });
}

/**
 * Demands that audit manifests have the roots that the certificate carries. A platform manifest is compared only when
 * the leaf carries the platform's root, which leaves of workloads do not.
 *
 * @throws VerifierError `ERR_EVENT_LOG_MANIFEST`; EvidenceError when a manifest does not have its own root
 */
export function checkManifests(
  manifests: AttestationDocument['manifests'],
  extensions: readonly ExtensionValue[],
): void {
  const platformRoot = extensions.find(({ oid }) => oid === OID.platformRoot)?.value;
  if (manifests.platform !== undefined) {
    const tree = parseAuditManifest(manifests.platform);
    if (platformRoot !== undefined) compareRoot('platform', tree.root, platformRoot);
  }
  if (manifests.workload !== undefined) {
    const tree = parseAuditManifest(manifests.workload);
    const workloadRoot = extensions.find(({ oid }) => oid === OID.workloadRoot)?.value;
    compareRoot('workload', tree.root, workloadRoot);
  }
}

function compareRoot(what: string, manifest: Uint8Array, certified: Uint8Array | undefined): void {
  if (certified !== undefined && equalBytes(manifest, certified)) return;
  throw new VerifierError('ERR_EVENT_LOG_MANIFEST', `the ${what} manifest has another root`, {
    expected: certified === undefined ? 'no manifest: the leaf has no such root' : toHex(certified),
    seen: toHex(manifest),
  });
}

function hexOf(extensions: readonly ExtensionValue[], oid: string): string | undefined {
  const found = extensions.find((extension) => extension.oid === oid);
  return found === undefined ? undefined : toHex(found.value);
}
