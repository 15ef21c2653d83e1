// SPDX-License-Identifier: Apache-2.0
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

const LOOPBACK = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** What callers ask for, in the ways that `dns.lookup` allows; anything else means both. */
const FAMILIES: ReadonlyMap<unknown, readonly number[]> = new Map<unknown, readonly number[]>([
  [4, [4]],
  ['IPv4', [4]],
  [6, [6]],
  ['IPv6', [6]],
]);

/** Whether a name means this machine (RFC 6761, section 6.3). */
export function isLocalhost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Resolves `localhost` and everything below it to loopback, which many resolvers do not, and the rest as usual. */
export const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  if (!isLocalhost(hostname)) {
    systemLookup(hostname, options, callback);
    return;
  }
  const wanted = LOOPBACK.filter(
    ({ family }) => FAMILIES.get(options.family)?.includes(family) ?? true,
  );
  const [first] = wanted;
  if (options.all === true) callback(null, wanted);
  else callback(null, first?.address ?? '127.0.0.1', first?.family ?? 4);
};
