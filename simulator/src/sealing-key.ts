// SPDX-License-Identifier: Apache-2.0
import { hkdfSync } from 'node:crypto';
import { utf8, type RuntimeRegisters, type Sha384 } from '@proofgate/evidence';
import type { SigningKey } from './signing-key.ts';

/** Bytes of a sealing key: one of AES-256. */
export const SEALING_KEY_BYTES = 32;

/** Sets these keys apart from everything else that is derived from the same secret. */
const LABEL = 'proofgate/simulated-sealing-key/v1';

/** The registers that firmware and kernel have extended before anything of ours runs. */
const BOOT_REGISTERS = 3;

/**
 * Derives a key that only this platform gives, and only to a TD that was measured the same: MRTD and RTMR0 to RTMR2.
 * RTMR3 is left out, because it changes while the TD runs.
 *
 * @param secret - a key of the platform that never leaves it
 * @param measurements - of the TD that asks
 * @param context - names what the key is for
 */
export function sealingKey(
  secret: SigningKey,
  { mrtd, rtmr }: { readonly mrtd: Sha384; readonly rtmr: RuntimeRegisters },
  context: string,
): Uint8Array {
  const input = secret.privateKey.export({ type: 'pkcs8', format: 'der' });
  const salt = Buffer.concat([mrtd, ...rtmr.slice(0, BOOT_REGISTERS)]);
  const info = utf8(`${LABEL} ${context}`);
  return new Uint8Array(hkdfSync('sha256', input, salt, info, SEALING_KEY_BYTES));
}
