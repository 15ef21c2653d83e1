// SPDX-License-Identifier: Apache-2.0
import {
  X509_EXTENSION,
  derElements,
  derList,
  fromUtf8,
  parseDer,
  readOctets,
  type Certificate,
} from '@proofgate/evidence';

/** Identifier octet of `[0]`: DistributionPointName, and fullName in it (RFC 5280, section 4.2.1.13). */
const NAME = 0xa0;

/** Identifier octet of a GeneralName that is a uniformResourceIdentifier (RFC 5280, section 4.2.1.6). */
const URI = 0x86;

/**
 * Where a certificate says that its issuer publishes revocations (RFC 5280, section 4.2.1.13), as our own CAs write it:
 * one URL for each distribution point.
 *
 * @param certificate - what to read
 * @returns the URLs; none without the extension
 */
export function readDistributionPoints({ extensions }: Certificate): readonly string[] {
  const extension = extensions.get(X509_EXTENSION.crlDistributionPoints);
  if (extension === undefined) return [];
  return derList(parseDer(extension.value)).flatMap((point) => {
    const [name] = derElements(point, 0, 1);
    const [full] = name === undefined ? [] : derElements(name, 0, 1, NAME);
    if (full === undefined) return [];
    const [url] = derElements(full, 1, 1, NAME);
    return [fromUtf8(readOctets(url, URI))];
  });
}
