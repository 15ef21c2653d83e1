// SPDX-License-Identifier: Apache-2.0
import { copyBytes, equalBytes, extendRegister, toHex } from '@proofgate/evidence';
import { AttesterError, errnoOf } from '../errors.ts';
import {
  MEASUREMENT_BYTES,
  requireDigest,
  type MeasurementRegister,
} from '../measurement-register.ts';
import { SerialQueue } from '../serial-queue.ts';
import { attributeFile, type AttributeFile } from './attribute-file.ts';

/** Where Linux 6.16 and later offers RTMR3: `Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest`. */
export const RTMR3_FILE = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384';

/** An extension takes microseconds; whoever waits longer, or behind more, is better told so. */
const EXTEND_LIMITS = { maxWaiting: 256, deadlineMs: 10_000 } as const;

/**
 * RTMR3, the register that Linux leaves to applications. A write of 48 bytes to its file extends it; the file is
 * read before and after to prove that exactly this extension took place and nobody else's in between.
 *
 * @param file - the register's file
 * @returns the register
 */
export function tdxRtmr3(file: AttributeFile = attributeFile(RTMR3_FILE)): MeasurementRegister {
  const queue = new SerialQueue(EXTEND_LIMITS);
  return {
    read: () => readRegister(file),
    async extend(digest) {
      requireDigest(digest);
      const event = copyBytes(digest);
      await queue.run(() => extendAndCompare(file, event));
    },
  };
}

async function extendAndCompare(file: AttributeFile, digest: Uint8Array): Promise<void> {
  const expected = extendRegister(await readRegister(file), digest);
  try {
    await file.write(digest);
  } catch (error) {
    throw unavailable(error);
  }
  const seen = await readRegister(file);
  if (equalBytes(seen, expected)) return;
  throw new AttesterError(
    'ERR_ATTESTER_RTMR_MISMATCH',
    'RTMR3 does not hold the value that the extension must give',
    {
      expected: toHex(expected),
      seen: toHex(seen),
      hint: 'another program of this VM extends RTMR3, so its log is no longer complete: stop that program and reboot',
    },
  );
}

async function readRegister(file: AttributeFile): Promise<Uint8Array> {
  let value: Uint8Array;
  try {
    value = await file.read(MEASUREMENT_BYTES);
  } catch (error) {
    throw unavailable(error);
  }
  if (value.length === MEASUREMENT_BYTES) return value;
  throw new AttesterError(
    'ERR_ATTESTER_RTMR_UNAVAILABLE',
    `the file of RTMR3 holds ${value.length} bytes`,
    { expected: `${MEASUREMENT_BYTES} bytes`, seen: `${value.length} bytes` },
  );
}

function unavailable(cause: unknown): AttesterError {
  const errno = errnoOf(cause) ?? 'no system error';
  return new AttesterError(
    'ERR_ATTESTER_RTMR_UNAVAILABLE',
    `the file of RTMR3 cannot be used (${errno})`,
    {
      seen: errno,
      hint:
        errno === 'EACCES' || errno === 'EPERM'
          ? 'run as root, or give the process access to the file of the register'
          : 'run-time measurement needs a TDX VM with Linux 6.16 or later',
      cause,
    },
  );
}
