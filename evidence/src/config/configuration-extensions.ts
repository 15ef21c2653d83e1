// SPDX-License-Identifier: Apache-2.0
import { asSha256 } from '../bytes/fixed-bytes.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { fromHex, toHex } from '../bytes/hex.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { OID, type ExtensionValue } from '../oids.ts';
import type { WorkloadIdentity } from './configuration-input.ts';
import {
  attestationServersHash,
  platformTree,
  runtimeVersionHash,
  workloadsHash,
} from './platform-tree.ts';
import { workloadTree, type WorkloadTreeInput } from './workload-tree.ts';

/** What is known about a platform and shown in its certificates. */
export interface PlatformFacts {
  /** The CA certificate file exactly as stored. */
  readonly caCertFile: Uint8Array | undefined;
  /** URLs of attestation servers; may be empty. */
  readonly attestationServers: readonly string[];
  /** Version text of the container runtime, or of what replaces it. */
  readonly runtimeVersion: string;
  /** Such as `production` or `dev`; absent if the image does not say. */
  readonly imageProfile?: string | undefined;
  /** `byok:<hex>` or `vault:<handle>`; absent if unknown. */
  readonly dataKeyOrigin?: string | undefined;
  /** Everything that is loaded. */
  readonly workloads: readonly WorkloadIdentity[];
}

/** What is known about a workload and shown in its certificate. */
export interface WorkloadFacts extends WorkloadTreeInput {
  /** `generated`, `byok:<hex>` or `vault:<handle>`; only with an encrypted volume. */
  readonly volumeKeyOrigin?: string | undefined;
  /** A UUID, with or without hyphens. */
  readonly appId?: string | undefined;
}

/**
 * Longest text in an extension. References and key handles are shorter; certificates have to stay
 * small.
 */
export const MAX_EXTENSION_TEXT_BYTES = 1024;

/**
 * Extensions of the platform's own certificate.
 *
 * @throws EvidenceError `ERR_CONFIGURATION_FACTS`, `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function platformExtensions(facts: PlatformFacts): ExtensionValue[] {
  return [{ oid: OID.platformRoot, value: platformTree(facts).root }, ...routeExtensions(facts)];
}

/**
 * Extensions of a workload's certificate: its own, then the platform's facts, so that somebody who
 * only talks to the workload can check those too.
 *
 * @throws EvidenceError `ERR_CONFIGURATION_FACTS`, `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function workloadExtensions(
  workload: WorkloadFacts,
  facts: PlatformFacts,
): ExtensionValue[] {
  const { imageRef, imageDigest, volumeKeyOrigin, appId } = workload;
  checkPinnedDigest(imageRef, imageDigest);
  return [
    { oid: OID.workloadRoot, value: workloadTree(workload).root },
    { oid: OID.imageDigest, value: asSha256(imageDigest) },
    // Everything from the first "@" on is the digest, which has an extension of its own.
    textValue(OID.imageRef, imageRef.replace(/@.*$/s, '')),
    ...(volumeKeyOrigin === undefined ? [] : [textValue(OID.volumeKeyOrigin, volumeKeyOrigin)]),
    ...(appId === undefined ? [] : [{ oid: OID.appId, value: appIdBytes(appId) }]),
    ...routeExtensions(facts),
  ];
}

/**
 * Extensions of a route whose upstream something else has started: the platform's facts without its
 * root, which only the platform's own certificate carries.
 *
 * @throws EvidenceError `ERR_CONFIGURATION_FACTS`, `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function routeExtensions(facts: PlatformFacts): ExtensionValue[] {
  const { attestationServers, dataKeyOrigin, imageProfile, runtimeVersion, workloads } = facts;
  return [
    { oid: OID.runtimeVersionHash, value: runtimeVersionHash(runtimeVersion) },
    { oid: OID.workloadsHash, value: workloadsHash(workloads) },
    ...(dataKeyOrigin === undefined ? [] : [textValue(OID.dataKeyOrigin, dataKeyOrigin)]),
    ...(attestationServers.length === 0
      ? []
      : [{ oid: OID.attestationServersHash, value: attestationServersHash(attestationServers) }]),
    ...(imageProfile === undefined ? [] : [textValue(OID.imageProfile, imageProfile)]),
  ];
}

function textValue(oid: string, text: string): ExtensionValue {
  const value = utf8(text);
  const clean = text === text.trim() && !/\p{Cc}/u.test(text);
  if (value.length === 0 || value.length > MAX_EXTENSION_TEXT_BYTES || !clean) {
    throw refused(
      `text for extension ${oid} is malformed`,
      `1 to ${MAX_EXTENSION_TEXT_BYTES} bytes, trimmed, without control characters`,
      JSON.stringify(text.slice(0, 100)),
    );
  }
  return { oid, value };
}

// A reference that is pinned to one digest while another was measured would make the certificate
// contradict itself.
function checkPinnedDigest(imageRef: string, imageDigest: Uint8Array): void {
  const pinned = /@sha256:([0-9a-f]{64})$/.exec(imageRef)?.[1];
  if (imageRef.includes('@') && pinned === undefined) {
    throw refused('image reference is not pinned by SHA-256', '…@sha256:<64 hex digits>', imageRef);
  }
  if (pinned !== undefined && !equalBytes(fromHex(pinned), imageDigest)) {
    throw refused('image reference names another digest', toHex(imageDigest), pinned);
  }
}

function appIdBytes(appId: string): Uint8Array {
  if (!/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(appId)) {
    throw refused('application id is not a UUID', '32 hex digits, hyphens allowed', appId);
  }
  return fromHex(appId.replaceAll('-', ''));
}

function refused(message: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError('ERR_CONFIGURATION_FACTS', message, { expected, seen }, 'misuse');
}
