// SPDX-License-Identifier: Apache-2.0
import { fromHex } from '@proofgate/evidence';
import {
  askSimulatedPlatform,
  badAnswer,
  fieldsOf,
  type SimulatedPlatformOptions,
} from './client.ts';

/** One of AES-256. */
const KEY_BYTES = 32;

/**
 * Asks the simulated platform for a key that it gives only to a TD with these measurements.
 *
 * @param options - where the simulated platform listens
 * @param context - names what the key is for
 * @returns 32 bytes
 * @throws AttesterError `ERR_ATTESTER_SIMULATOR_UNREACHABLE`, `ERR_ATTESTER_SIMULATOR_REFUSED`,
 * `ERR_ATTESTER_SIMULATOR_ANSWER`
 */
export async function simulatedSealingKey(
  options: SimulatedPlatformOptions,
  context: string,
): Promise<Uint8Array> {
  const answer = await askSimulatedPlatform(options, {
    method: 'POST',
    path: '/v1/sealing-key',
    body: { context },
  });
  const key = fieldsOf(answer).get('key');
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key)) {
    throw badAnswer(`not a key of ${String(KEY_BYTES)} bytes`);
  }
  return fromHex(key);
}
