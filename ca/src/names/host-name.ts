// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { CaError } from '../errors.ts';

/** RFC 1035, section 2.3.4, without the root label. */
const MAX_NAME_LENGTH = 253;

/** RFC 1123, section 2.1: letters, digits and inner hyphens, at most 63 of them. Lower case: one spelling per name. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Checks a DNS host name or domain: ASCII, lower case, no wildcard, no trailing dot, not an IP address.
 *
 * @param name - what to check
 * @returns the same name
 * @throws CaError `ERR_CA_NAME_INVALID`
 */
export function checkHostName(name: string): string {
  const labels = name.split('.');
  const wellFormed =
    name.length <= MAX_NAME_LENGTH &&
    labels.every((label) => LABEL.test(label)) &&
    isIP(name) === 0;
  // RFC 3696, section 2: a top-level label is never all digits, which keeps names apart from addresses.
  if (!wellFormed || /^[0-9]+$/.test(labels.at(-1) ?? '')) {
    throw new CaError('ERR_CA_NAME_INVALID', `not a host name: ${JSON.stringify(name)}`, {
      expected: 'lower-case letters, digits and hyphens in labels of at most 63, no wildcard',
      seen: name,
      hint: 'write an internationalised name in its xn-- form',
    });
  }
  return name;
}
