// SPDX-License-Identifier: Apache-2.0
import { asSha256 } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256 } from '../hashes.ts';
import { nulTerminated, sortTexts } from './configuration-input.ts';
import { buildTree, type ConfigurationTree, type TreeLeaf } from './configuration-tree.ts';

/** What the tree of one workload measures. */
export interface WorkloadTreeInput {
  readonly name: string;
  /** The full reference, with its `@sha256:…`. */
  readonly imageRef: string;
  /** SHA-256 of the OCI manifest: 32 bytes. */
  readonly imageDigest: Uint8Array;
  /** Command that replaces the image's own; order counts. */
  readonly command?: readonly string[] | undefined;
  /** Declared environment, without what the launcher adds. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Volume specifications, in any order, with those that the launcher adds. */
  readonly volumes?: readonly string[] | undefined;
}

/**
 * Builds the configuration tree of a workload (RA-TLS v1, `workloadRoot`).
 *
 * Lists enter the tree as a SHA-256 digest, and the tree hashes every leaf once more; that is the
 * format.
 *
 * @throws EvidenceError `ERR_TREE_INVALID`, `ERR_BYTES_LENGTH`
 */
export function workloadTree(input: WorkloadTreeInput): ConfigurationTree {
  const { name, imageRef, imageDigest, command = [], env = {}, volumes = [] } = input;
  return buildTree([
    { name: 'container.name', data: utf8(name) },
    { name: 'container.image_ref', data: utf8(imageRef) },
    { name: 'container.image_digest', data: asSha256(imageDigest) },
    ...listLeaf('container.command_hash', command),
    ...listLeaf('container.env_hash', environment(env)),
    ...listLeaf('container.volumes_hash', sortTexts(volumes)),
  ]);
}

// An empty list has no leaf at all, unlike an empty value.
function listLeaf(name: string, texts: readonly string[]): TreeLeaf[] {
  return texts.length === 0 ? [] : [{ name, data: sha256(nulTerminated(name, texts)) }];
}

function environment(env: Readonly<Record<string, string>>): string[] {
  return sortTexts(Object.keys(env)).map((key) => {
    // With "=" in a key, {"A=B": "C"} and {"A": "B=C"} would be measured alike.
    if (key === '' || key.includes('=')) {
      throw new EvidenceError(
        'ERR_TREE_INVALID',
        'environment variable has a wrong name',
        {
          expected: 'a name without "="',
          seen: JSON.stringify(key),
        },
        'misuse',
      );
    }
    return `${key}=${env[key] ?? ''}`;
  });
}
