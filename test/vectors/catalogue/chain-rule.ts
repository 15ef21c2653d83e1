// SPDX-License-Identifier: Apache-2.0
import { subjectAltNameExtension } from '@proofgate/evidence';
import type { CertificateWish } from '../making/certificates.ts';
import { issued } from '../making/make-parts.ts';
import { APP_HOST, type ChainWish } from '../making/private-chain.ts';
import type { CatalogueRule } from './catalogue-rule.ts';

/** Two chains of the private PKI. */
interface ChainSides {
  readonly accepted?: ChainWish;
  readonly refused: ChainWish;
  readonly code: CatalogueRule['code'];
}

/** A rule that shows in the chain alone. */
export function chain(
  id: string,
  rule: string,
  { accepted, refused, code }: ChainSides,
): CatalogueRule {
  return {
    id,
    rule,
    fixture: 'private-chain',
    ...(accepted && { accepted: issued(accepted) }),
    refused: issued(refused),
    code,
  };
}

/** A leaf for the host with one more extension, or with that one in place of its own. */
export function leaf(extension: CertificateWish['extensions'][number]): ChainWish {
  const names = subjectAltNameExtension({ dns: [APP_HOST] });
  return { leaf: { extensions: extension.oid === names.oid ? [extension] : [names, extension] } };
}
