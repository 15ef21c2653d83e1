// SPDX-License-Identifier: Apache-2.0
import type { AttestationMode } from '@proofgate/api';
import { sha256, toHex, utf8, type ExtensionValue, type RuntimeEvent } from '@proofgate/evidence';

/** Everything that an identity of a host says, before there is a key. */
export interface IdentityContent {
  readonly hostname: string;
  readonly attestation: AttestationMode;
  /** Configuration of the leaf, raw values; the quote is added when the identity is made. */
  readonly extensions: readonly ExtensionValue[];
  /** Names how the workload runs, which the event log says. */
  readonly spec?: string | undefined;
  /** What replays to RTMR3 of the quote. */
  readonly eventLog: readonly RuntimeEvent[];
  /** The firmware's event log. */
  readonly ccel: Uint8Array | undefined;
  readonly manifests: {
    readonly platform?: Uint8Array;
    readonly workload?: Uint8Array;
  };
}

/** The same with a name for it. */
export interface IdentitySpec extends IdentityContent {
  /**
   * Identities made for equal fingerprints say the same. The event log counts, since a quote taken before an event does
   * not fit the log after it. 64 hex digits.
   */
  readonly fingerprint: string;
}

/** Names the content. */
export function identitySpec(content: IdentityContent): IdentitySpec {
  const { hostname, attestation, extensions, spec, eventLog, ccel, manifests } = content;
  const summary = [
    hostname,
    attestation,
    extensions.map(({ oid, value }) => [oid, toHex(value)]),
    spec ?? null,
    digestLog(eventLog),
    [ccel, manifests.platform, manifests.workload].map((bytes) =>
      bytes === undefined ? null : toHex(sha256(bytes)),
    ),
  ];
  return { ...content, fingerprint: toHex(sha256(utf8(JSON.stringify(summary)))) };
}

/** All hosts of a state share one log of up to megabytes: it is read once. */
const logDigests = new WeakMap<readonly RuntimeEvent[], string>();

function digestLog(log: readonly RuntimeEvent[]): string {
  const known = logDigests.get(log);
  if (known !== undefined) return known;
  const digest = toHex(sha256(utf8(JSON.stringify(log))));
  logDigests.set(log, digest);
  return digest;
}
