// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes/bytes.ts';
import type { Sha256 } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { sha256 } from '../hashes.ts';
import {
  joinLines,
  sortTexts,
  sortWorkloads,
  type WorkloadIdentity,
} from './configuration-input.ts';
import { buildTree, type ConfigurationTree } from './configuration-tree.ts';

/** What the platform tree measures. */
export interface PlatformTreeInput {
  /**
   * The CA certificate file exactly as stored, PEM text and line breaks included; absent if there
   * is none.
   */
  readonly caCertFile?: Uint8Array | undefined;
  /** URLs, in any order; tokens do not belong here. */
  readonly attestationServers?: readonly string[] | undefined;
  /** Everything that is loaded. */
  readonly workloads: readonly WorkloadIdentity[];
}

/**
 * Builds the configuration tree of a platform (RA-TLS v1, `platformRoot`).
 *
 * @throws EvidenceError `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function platformTree(input: PlatformTreeInput): ConfigurationTree {
  const { caCertFile, attestationServers = [], workloads } = input;
  return buildTree([
    // Present even without a file: its absence is measured.
    { name: 'platform.ca_cert', data: caCertFile },
    ...(attestationServers.length === 0
      ? []
      : [{ name: 'platform.attestation_servers', data: serverList(attestationServers) }]),
    ...sortWorkloads(workloads).map(({ name, imageDigest }) => ({
      name: `container.${name}.image_digest`,
      data: imageDigest,
    })),
  ]);
}

/**
 * Hashes the workloads that are loaded (`workloadsHash`): SHA-256 of name and digest of each,
 * ascending by name.
 *
 * @throws EvidenceError `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function workloadsHash(workloads: readonly WorkloadIdentity[]): Sha256 {
  const parts = sortWorkloads(workloads).flatMap(({ name, imageDigest }) => [
    utf8(name),
    imageDigest,
  ]);
  return sha256(concatBytes(...parts));
}

/**
 * Hashes the URLs of attestation servers (`attestationServersHash`): sorted, joined with line
 * feeds. Duplicates count, and nothing is normalised.
 *
 * @throws EvidenceError `ERR_TREE_INVALID`
 */
export function attestationServersHash(urls: readonly string[]): Sha256 {
  return sha256(serverList(urls));
}

/**
 * Hashes the version text of the container runtime, or of what replaces it (`runtimeVersionHash`).
 */
export function runtimeVersionHash(version: string): Sha256 {
  return sha256(utf8(version));
}

function serverList(urls: readonly string[]): Uint8Array {
  return joinLines('attestation servers', sortTexts(urls));
}
