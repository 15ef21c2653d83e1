// SPDX-License-Identifier: Apache-2.0
import type { ExtensionValue, LoadedWorkload } from '@proofgate/evidence';
import type { BindingKind, EvidenceClaims } from '../claims.ts';

/** Everything that a policy judges. All of it has been verified before, extensions only if `chainVerified` says so. */
export interface PolicySubject {
  readonly evidence: EvidenceClaims;
  /** Attestation extensions of the certificate; empty for bare quotes and reports. */
  readonly extensions: readonly ExtensionValue[];
  /** Whether a root of the private PKI that the caller named vouches for them. The evidence itself does not. */
  readonly chainVerified: boolean;
  /** What an event log proves to run; undefined without a log. */
  readonly workloads: readonly LoadedWorkload[] | undefined;
  readonly binding: BindingKind;
  /** When the evidence was made, as far as it is bound to a time. */
  readonly quoteTime: Date | undefined;
  /** The time of verification. */
  readonly at: Date;
}
