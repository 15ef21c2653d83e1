// SPDX-License-Identifier: Apache-2.0
import { digestOf } from '../digest.ts';

/**
 * Names of the stacks that layers make (OCI image-spec, config.md, "Layer ChainID").
 *
 * @param diffIds - digests of the unpacked layers, bottom first
 * @returns for each layer the name of the stack up to it
 */
export function chainIds(diffIds: readonly string[]): readonly string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
