// SPDX-License-Identifier: Apache-2.0
import type { PublishedImage } from './publish-image.ts';

const MIB = 1024 * 1024;

/** The result for a person: what the digest is, and everything that it depends on. */
export function renderImageReport(name: string, image: PublishedImage): string {
  const facts = [
    ['image', name],
    ['digest', image.digest],
    ['size', `${(image.size / MIB).toFixed(1)} MiB in ${String(image.layers.length)} layers`],
    ['layout', image.layout],
    ['inputs', image.inputsFile],
    ['reproducible', image.builds > 1 ? 'yes: two builds, one digest' : 'not checked (--check)'],
  ].map(([label = '', value = '']) => `${label.padEnd(12)}  ${value}`);
  const inputs = image.inputs.map(({ sha256, path, source }) => `${sha256}  ${path}  (${source})`);
  return `${facts.join('\n')}\n\nThe digest depends on the recipe and on these inputs (SHA-256):\n${inputs.join('\n')}\n`;
}
