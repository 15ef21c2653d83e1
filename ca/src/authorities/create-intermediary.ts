// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { parseCertificate, type NameConstraints } from '@proofgate/evidence';
import { CaError } from '../errors.ts';
import { createKeyPair, signingScheme, type KeyType } from '../keys/key-type.ts';
import { checkHostName } from '../names/host-name.ts';
import { parseIpRange } from '../names/ip-address.ts';
import { openAuthority, type Authority } from '../issuer/authority.ts';
import { issueCaCertificate } from './ca-certificate.ts';
import { CA_PROFILES } from './ca-profile.ts';
import type { CaIdentity } from './ca-request.ts';
import { caValidity, type CaValidity } from './ca-validity.ts';

/** What a new intermediary is to be. */
export interface IntermediaryOptions {
  readonly root: CaIdentity;
  readonly commonName: string;
  /**
   * The domains it may issue for, each with everything below it: the machine's own, such as `prod1.example.com`,
   * and every host outside of it that a route of the machine names. At least one.
   */
  readonly permittedDomains: readonly string[];
  /** Addresses or ranges such as `10.0.0.0/8` it may issue for; none unless given. */
  readonly permittedIps?: readonly string[];
  /** Where the root publishes what it has revoked; none unless given. */
  readonly crlUrls?: readonly string[];
  /** Validity from now, up to 1,826 days and not beyond the root's. */
  readonly days: number;
  /** The current time. */
  readonly at: Date;
}

/** As {@link IntermediaryOptions}, for a machine that keeps its key to itself. */
export interface SignIntermediaryOptions extends IntermediaryOptions {
  readonly publicKey: KeyObject;
}

/** A permitted domain is a subtree; more of them than this is a list of hosts that wants a common domain. */
const MAX_SUBTREES = 64;

/** One place and its mirrors; what is longer than this is not a place. */
const MAX_CRL_URLS = 4;
const MAX_CRL_URL_CHARACTERS = 512;

/**
 * Without a permitted range, addresses would not be limited at all: RFC 5280, section 4.2.1.10 limits only the
 * forms of name that a constraint lists. So every address is excluded then.
 */
const ALL_ADDRESSES: readonly string[] = ['0.0.0.0/0', '::/0'];

/**
 * Makes the intermediary CA of a machine: a new key and a certificate that can sign leaves for that machine's
 * names and nothing else, by a path length of 0 and critical name constraints.
 *
 * @param options - the root that signs, names, validity; `keyType` is P-256 unless given
 * @throws CaError as {@link signIntermediary}
 * @example
 * ```ts
 * const root = await createRoot({ commonName: 'Example Root', days: 3650, at: new Date() });
 * const prod1 = await createIntermediary({
 *   root,
 *   commonName: 'Example prod1',
 *   permittedDomains: ['prod1.example.com', 'legacy.example.com'],
 *   days: 365,
 *   at: new Date(),
 * });
 * ```
 */
export async function createIntermediary({
  keyType = 'P-256',
  ...options
}: IntermediaryOptions & { readonly keyType?: KeyType }): Promise<CaIdentity> {
  const { publicKey, privateKey } = await createKeyPair(keyType);
  return { certificate: await signIntermediary({ ...options, publicKey }), privateKey };
}

/**
 * Signs the intermediary CA of a machine that keeps its key to itself.
 *
 * @param options - the root that signs, the machine's key, names, validity
 * @returns the certificate as DER
 * @throws CaError `ERR_CA_NAME_INVALID`, `ERR_CA_VALIDITY`, `ERR_CA_KEY_UNSUPPORTED`, and for a root that cannot sign it
 *   every code of `loadIssuer` about certificates and keys
 */
export async function signIntermediary(options: SignIntermediaryOptions): Promise<Uint8Array> {
  const { root, commonName, publicKey, at, crlUrls = [] } = options;
  const profile = CA_PROFILES.intermediary;
  const authority = openAuthority([parseCertificate(root.certificate)], root.privateKey, at, 1);
  const validity = caValidity(at, options.days, profile.maxDays);
  checkEndsWithin(validity, authority);
  checkCrlUrls(crlUrls);
  signingScheme(publicKey);
  const constraints = machineConstraints(options);
  return issueCaCertificate(
    { profile, commonName, publicKey, validity, constraints, crlUrls },
    {
      name: authority.certificate.subject.raw,
      keyId: authority.certificate.subjectKeyId,
      privateKey: authority.privateKey,
      publicKey: authority.publicKey,
    },
  );
}

/** RFC 5280, section 4.2.1.13. Plain HTTP, as everywhere: the list is signed, and a list over HTTPS would need another. */
function checkCrlUrls(urls: readonly string[]): void {
  const wrong = urls.find(
    (url) => url.length > MAX_CRL_URL_CHARACTERS || !/^https?:\/\/[!-~]+$/.test(url),
  );
  if (wrong === undefined && urls.length <= MAX_CRL_URLS) return;
  throw new CaError('ERR_CA_NAME_INVALID', 'a place of the revocation list is not a URL', {
    expected: `up to ${String(MAX_CRL_URLS)} http or https URLs`,
    seen: wrong ?? `${String(urls.length)} URLs`,
  });
}

function machineConstraints(options: IntermediaryOptions): NameConstraints {
  const { permittedDomains, permittedIps = [] } = options;
  const count = permittedDomains.length + permittedIps.length;
  if (permittedDomains.length === 0 || count > MAX_SUBTREES) {
    throw new CaError('ERR_CA_NAME_INVALID', 'an intermediary needs domains it may issue for', {
      expected: `1 to ${String(MAX_SUBTREES)} domains and addresses, at least one of them a domain`,
      seen: `${String(permittedDomains.length)} domains, ${String(permittedIps.length)} addresses`,
    });
  }
  const noAddress = permittedIps.length === 0;
  return {
    permitted: {
      dns: permittedDomains.map(checkHostName),
      ip: permittedIps.map(parseIpRange),
      others: 0,
    },
    excluded: { dns: [], ip: noAddress ? ALL_ADDRESSES.map(parseIpRange) : [], others: 0 },
  };
}

function checkEndsWithin({ notAfter }: CaValidity, authority: Authority): void {
  if (notAfter <= authority.notAfter) return;
  throw new CaError('ERR_CA_VALIDITY', 'the intermediary would outlive its root', {
    expected: `an end up to ${authority.notAfter.toISOString()}`,
    seen: notAfter.toISOString(),
    hint: 'ask for fewer days',
  });
}
