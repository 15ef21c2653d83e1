// SPDX-License-Identifier: Apache-2.0
import { X509_EXTENSION, fromUtf8, readDer, type Certificate } from '@proofgate/evidence';

/** GeneralName, uniformResourceIdentifier (RFC 5280, section 4.2.1.6). */
const URI = 6;

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
  const urls: string[] = [];
  readDer(extension.value, (reader) => {
    reader.sequenceOf((points) => {
      points.sequence((point) => {
        point.optionalContext(0, (name) => {
          name.optionalContext(0, (full) => {
            urls.push(fromUtf8(full.contextPrimitive(URI)));
          });
        });
      });
    });
  });
  return urls;
}
