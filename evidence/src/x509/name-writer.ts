// SPDX-License-Identifier: Apache-2.0
import {
  derOid,
  derPrintableString,
  derSequence,
  derSet,
  derUtf8String,
} from '../asn1/der-writer.ts';
import { EvidenceError } from '../errors.ts';
import { NAME_ATTRIBUTE } from './x509-oid.ts';

/** Parts of a name that we write. */
export interface NameParts {
  readonly commonName: string;
  readonly organizationalUnit?: string;
  readonly organization?: string;
  readonly locality?: string;
  readonly state?: string;
  /** ISO 3166 code of two letters. */
  readonly country?: string;
}

/** Upper bound of every part: ub-common-name and ub-organization-name of RFC 5280, appendix A.1. */
export const MAX_NAME_PART = 64;

/**
 * Writes a Name, from the least to the most specific part.
 *
 * @returns DER
 * @throws EvidenceError `ERR_X509_WRITE` on an empty or overlong part
 */
export function encodeName(parts: NameParts): Uint8Array {
  return derSequence(
    ...attribute('country', parts.country),
    ...attribute('state', parts.state),
    ...attribute('locality', parts.locality),
    ...attribute('organization', parts.organization),
    ...attribute('organizationalUnit', parts.organizationalUnit),
    ...attribute('commonName', parts.commonName),
  );
}

function attribute(key: keyof NameParts, text: string | undefined): Uint8Array[] {
  if (text === undefined) return [];
  const letters = Array.from(text).length;
  if (letters === 0 || letters > MAX_NAME_PART || (key === 'country' && letters !== 2)) {
    throw new EvidenceError(
      'ERR_X509_WRITE',
      `${key} of a name has a wrong length`,
      {
        expected: key === 'country' ? '2 letters' : `1 to ${MAX_NAME_PART} characters`,
        seen: `${letters} characters`,
      },
      'misuse',
    );
  }
  // RFC 5280, appendix A.1: countryName is a PrintableString; UTF8String suits everything else.
  const value = key === 'country' ? derPrintableString(text) : derUtf8String(text);
  return [derSet(derSequence(derOid(NAME_ATTRIBUTE[key]), value))];
}
