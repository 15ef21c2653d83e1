// SPDX-License-Identifier: Apache-2.0

// RFC 1123 letters, digits and hyphens; underscores occur in practice. Internationalised names arrive as A-labels.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const MAX_NAME_LENGTH = 253;

/**
 * A DNS name in the form in which names are compared: lower case, without the root dot.
 *
 * @returns undefined when it is not a name of letters, digits, hyphens and underscores
 */
export function normalizeDnsName(name: string): string | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  if (lower.length === 0 || lower.length > MAX_NAME_LENGTH) return undefined;
  return lower.split('.').every((label) => LABEL.test(label)) ? lower : undefined;
}

/**
 * Whether a host name matches a name of a certificate (RFC 9525, section 6.3): equal, or a wildcard that is the
 * whole left-most label and stands for exactly one label. A wildcard needs two labels behind it.
 *
 * @param hostname from {@link normalizeDnsName}
 */
export function dnsNameMatches(pattern: string, hostname: string): boolean {
  if (!pattern.startsWith('*.')) return normalizeDnsName(pattern) === hostname;
  const base = normalizeDnsName(pattern.slice(2));
  if (base === undefined || !base.includes('.')) return false;
  const dot = hostname.indexOf('.');
  return dot > 0 && hostname.slice(dot + 1) === base;
}

/** Whether `name` is `base` or lies below it. Both from {@link normalizeDnsName}. */
export function isWithinDomain(name: string, base: string): boolean {
  return name === base || name.endsWith(`.${base}`);
}
