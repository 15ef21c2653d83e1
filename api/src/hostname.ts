// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';

/** Longest DNS name as text (RFC 1035 §2.3.4, without the root's dot). */
export const MAX_HOSTNAME_LENGTH = 253;

/** One label of a DNS name: what container and machine names must be, since they become labels. */
export const LABEL_PATTERN: RegExp = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads a DNS name. The answer is in lower case, so that two spellings of one host cannot become two hosts.
 *
 * @throws ApiError `ERR_API_HOSTNAME` for anything that RFC 1123 §2.1 does not admit, a trailing dot, a wildcard or
 *   an IPv4 address
 */
export function parseHostname(text: string): string {
  const name = text.toLowerCase();
  const labels = name.split('.');
  if (name.length > MAX_HOSTNAME_LENGTH || !labels.every((label) => LABEL_PATTERN.test(label))) {
    throw refusal(text, 'is not a hostname');
  }
  // RFC 1123 §2.1: a name whose last label is all digits would read as an address.
  if (/^\d+$/.test(labels.at(-1) ?? '')) throw refusal(text, 'is an address, not a hostname');
  return name;
}

function refusal(text: string, problem: string): ApiError {
  return new ApiError('ERR_API_HOSTNAME', `"${text.slice(0, 80)}" ${problem}`, {
    expected: 'labels of letters, digits and inner hyphens (at most 63 characters), joined by dots',
    seen: text.slice(0, 80),
  });
}
