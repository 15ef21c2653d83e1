// SPDX-License-Identifier: Apache-2.0
import { fromHex, toHex } from '@proofgate/evidence';
import {
  MEASUREMENT_BYTES,
  requireDigest,
  type MeasurementRegister,
} from '../measurement-register.ts';
import {
  askSimulatedPlatform,
  badAnswer,
  fieldsOf,
  type SimulatedPlatformOptions,
} from './client.ts';

/** The index of the register that Linux leaves to applications. */
const RTMR3 = 3;

/**
 * RTMR3 of a simulated TDX platform; extends like the real one and is reset when the simulator restarts.
 *
 * @param options - where the simulated platform listens
 * @returns the register
 */
export function simulatedRtmr3(options: SimulatedPlatformOptions): MeasurementRegister {
  return {
    async read() {
      const answer = await askSimulatedPlatform(options, {
        method: 'GET',
        path: '/v1/measurements',
      });
      return readRegister(answer);
    },
    async extend(digest) {
      requireDigest(digest);
      const answer = await askSimulatedPlatform(options, {
        method: 'POST',
        path: '/v1/rtmr',
        body: { index: RTMR3, digest: toHex(digest) },
      });
      if (answer !== undefined) throw badAnswer('content where none belongs');
    },
  };
}

function readRegister(answer: unknown): Uint8Array {
  const registers = fieldsOf(answer).get('rtmr');
  const value: unknown = Array.isArray(registers) ? registers[RTMR3] : undefined;
  if (typeof value !== 'string' || value.length !== 2 * MEASUREMENT_BYTES) {
    throw badAnswer('field rtmr is not a list of four registers');
  }
  try {
    return fromHex(value);
  } catch (cause) {
    throw badAnswer('field rtmr is not hex', cause);
  }
}
