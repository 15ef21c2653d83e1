// SPDX-License-Identifier: Apache-2.0
import { isDigest } from '../digest.ts';
import type { LayerFacts } from '../layer/layer-check.ts';
import { NO_FINDINGS } from '../layer/layer-policy.ts';

/** Raised whenever layers are checked for something new: then those on disk are looked at again. */
const VERSION = 1;

/** What was found out about a layer, as it is kept beside it. */
export function writeFacts({ diffId, unpackedSize, findings }: LayerFacts): string {
  return JSON.stringify({ version: VERSION, diffId, unpackedSize, findings });
}

/**
 * Reads it again.
 *
 * @returns `undefined` when it is not what {@link writeFacts} writes today; the layer is then checked again
 */
export function parseFacts(bytes: Uint8Array): LayerFacts | undefined {
  const value = parsed(bytes);
  const { diffId, unpackedSize } = value;
  const findings = asRecord(value['findings']);
  const { entries, setuid, hiddenDevices } = findings;
  const isComplete =
    value['version'] === VERSION &&
    Object.keys(findings).length === Object.keys(NO_FINDINGS).length;
  if (!isComplete || !isDigest(diffId) || !isCount(unpackedSize)) return undefined;
  if (!isCount(entries) || !isCount(setuid) || !isCount(hiddenDevices)) return undefined;
  return { diffId, unpackedSize, findings: { entries, setuid, hiddenDevices } };
}

function parsed(bytes: Uint8Array): Record<string, unknown> {
  try {
    return asRecord(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return {};
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  // Not null: any field may be anything, which is what the type says.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
