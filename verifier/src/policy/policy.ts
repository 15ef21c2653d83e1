// SPDX-License-Identifier: Apache-2.0
import type { BindingKind, Tee } from '../claims.ts';
import type { TcbStatus } from '../dcap/tcb-status.ts';
import type { SnpTcbVersion } from '../snp/snp-tcb.ts';
import type { Register } from './register.ts';

/** One acceptable combination of measurements. Registers that it does not list are not compared. */
export interface MeasurementSet {
  readonly name: string;
  /** Lower-case hex. */
  readonly values: ReadonlyMap<Register, string>;
}

/** Until when a TCB status is tolerated that is not accepted. */
export type Grace =
  /** Up to a date, which may not be further away than a bound. */
  | { readonly kind: 'until'; readonly until: Date }
  /** As long as the platform's TCB date is not older than this. */
  | { readonly kind: 'age'; readonly maxAgeMs: number; readonly text: string };

/** A root that a policy accepts; `sha256:` is followed by the SHA-256 of a root certificate in lower-case hex. */
export type PolicyRoot = 'intel' | 'amd' | `sha256:${string}`;

/** A weakening of a TD that a policy can allow by name. */
export type AllowedAttribute = 'septVeDisableOff' | 'migratable' | 'perfmon';

/** An extension of the certificate and the exact value it must have. */
export interface ExtensionRule {
  readonly oid: string;
  readonly value: Uint8Array;
  /** As written in the policy, for messages. */
  readonly text: string;
}

/** What is acceptable. Made by {@link parsePolicy} only. */
export interface Policy {
  readonly version: 1;
  /** Shown in verdicts; `unnamed` when the file gives none. */
  readonly name: string;
  /** Undefined accepts every kind of TEE. */
  readonly tee: readonly Tee[] | undefined;
  /** Undefined accepts the trust anchors that the caller names, by default the vendors'. */
  readonly roots: readonly PolicyRoot[] | undefined;
  /** Undefined when the policy does not look at measurements. */
  readonly measurements: readonly MeasurementSet[] | undefined;
  readonly tcb: {
    readonly accept: readonly TcbStatus[];
    readonly minimumEvaluationNumber: number | undefined;
    readonly denyAdvisories: readonly string[];
    readonly grace: ReadonlyMap<TcbStatus, Grace>;
    /** Lowest acceptable SVNs of SNP firmware. With `fmc`, only processors that have one are accepted. */
    readonly minimumSnp: SnpTcbVersion | undefined;
  };
  readonly tdx: {
    readonly allowAttributes: readonly AllowedAttribute[];
    /** Acceptable values of MRSERVICETD besides zero, in lower-case hex. */
    readonly serviceTds: readonly string[];
  };
  readonly snp: {
    /** Acceptable privilege levels besides 0, such as that of a guest above a service module. */
    readonly allowVmpl: readonly number[];
  };
  readonly extensions: readonly ExtensionRule[];
  /** Name of a workload → acceptable image digests as `sha256:<hex>`. Nothing else may run. */
  readonly workloads: ReadonlyMap<string, readonly string[]> | undefined;
  /** Undefined accepts `production` and leaves without a profile. */
  readonly imageProfile: readonly string[] | undefined;
  /** Machines, in lower-case hex. */
  readonly platforms: {
    readonly fmspc: readonly string[] | undefined;
    readonly piid: readonly string[] | undefined;
  };
  readonly freshness: {
    readonly mode: Exclude<BindingKind, 'none'> | undefined;
    readonly maxAgeMs: number | undefined;
  };
  readonly allowDebug: boolean;
}
