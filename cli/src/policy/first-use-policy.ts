// SPDX-License-Identifier: Apache-2.0
import { describeOid, fromUtf8, OID, toHex, type ExtensionValue } from '@proofgate/evidence';
import type { BindingKind, Register, SnpTcbVersion, Tee, TrustAnchor } from '@proofgate/verifier';

/** What a target presented, as far as a policy can name it. */
export interface FirstUse {
  readonly tee: Tee;
  /** Absent when the evidence was not verified. */
  readonly trustAnchor?: TrustAnchor;
  /** Lower-case hex. */
  readonly measurements: ReadonlyMap<Register, string>;
  /** Of the collateral under which DCAP evidence was verified. */
  readonly evaluationNumber?: number;
  /** Firmware of verified SEV-SNP evidence. */
  readonly snpTcb?: SnpTcbVersion;
  readonly extensions: readonly ExtensionValue[];
  /** What an event log proved to run, with the SHA-256 of each image in hex. */
  readonly workloads?: readonly { readonly name: string; readonly imageDigest: string }[];
  readonly binding: BindingKind;
}

/** A policy file, as JSON. */
export type PolicyFile = Readonly<Record<string, unknown>>;

const SET_NAME = 'first-use';
/** The schema's `$id`, below docs/schema: a copy of it beside the policy serves editors. Verifiers do not look at it. */
const POLICY_SCHEMA = 'proofgate.policy.schema.json';

/**
 * Makes a policy that accepts what was seen once and nothing else. It names software, not a machine, so that it goes on
 * holding when the VM moves; and it never allows what a policy has to allow by name, such as debug TDs or an outdated
 * TCB, even if that is what was seen.
 *
 * @param heading `name` and `description` of the policy
 */
export function firstUsePolicy(
  seen: FirstUse,
  heading: { readonly name: string; readonly description: string },
): PolicyFile {
  const workloads = seen.workloads ?? [];
  return {
    $schema: POLICY_SCHEMA,
    version: 1,
    ...heading,
    tee: seen.tee,
    ...(seen.trustAnchor === undefined ? {} : { roots: [policyRoot(seen.trustAnchor)] }),
    measurements: { [SET_NAME]: lastingMeasurements(seen.measurements, workloads.length > 0) },
    ...tcbRules(seen),
    ...extensionRules(seen.extensions),
    ...(workloads.length === 0
      ? {}
      : {
          workloads: Object.fromEntries(
            workloads.map(({ name, imageDigest }) => [name, [`sha256:${imageDigest}`]]),
          ),
        }),
    ...(seen.binding === 'none' ? {} : { freshness: { mode: seen.binding } }),
  };
}

// Verdicts write a root that is not a vendor's as custom:…, policies as sha256:….
function policyRoot(anchor: TrustAnchor): string {
  return anchor.replace(/^custom:/u, 'sha256:');
}

// RTMR3 changes with the order of loads and with every unload; the workloads rule covers it when a log proves them.
function lastingMeasurements(
  measurements: FirstUse['measurements'],
  workloadsProved: boolean,
): Record<string, string> {
  const lasting = [...measurements].filter(
    ([register]) => !(workloadsProved && register === 'rtmr3'),
  );
  return Object.fromEntries(lasting);
}

function tcbRules({ evaluationNumber, snpTcb }: FirstUse): PolicyFile {
  if (snpTcb !== undefined) return { tcb: { minimumSnp: snpTcb } };
  if (evaluationNumber === undefined) return {};
  return { tcb: { accept: ['UpToDate'], minimumEvaluationNumber: evaluationNumber } };
}

// An image that calls itself anything but production has to be allowed by hand.
function extensionRules(extensions: readonly ExtensionValue[]): PolicyFile {
  const profile = extensions.find(({ oid }) => oid === OID.imageProfile);
  const others = extensions.filter(({ oid }) => oid !== OID.imageProfile);
  return {
    ...(profile !== undefined && textOf(profile) === 'production'
      ? { imageProfile: 'production' }
      : {}),
    ...(others.length === 0
      ? {}
      : {
          extensions: Object.fromEntries(
            others.map((extension) => [keyOf(extension), valueOf(extension)]),
          ),
        }),
  };
}

function keyOf({ oid }: ExtensionValue): string {
  return Object.entries(OID).find(([, known]) => known === oid)?.[0] ?? oid;
}

function valueOf(extension: ExtensionValue): string {
  const text = describeOid(extension.oid)?.encoding === 'text' ? textOf(extension) : undefined;
  return text === undefined ? `hex:${toHex(extension.value)}` : `utf8:${text}`;
}

function textOf({ value }: ExtensionValue): string | undefined {
  try {
    return fromUtf8(value);
  } catch {
    return undefined;
  }
}
