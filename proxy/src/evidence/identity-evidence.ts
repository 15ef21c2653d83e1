// SPDX-License-Identifier: Apache-2.0
import {
  parseAttestationDocument,
  parseCertificate,
  sha256,
  type AttestationDocument,
} from '@proofgate/evidence';
import type { ServedIdentity } from '../worker/active-hosts.ts';

/** What an identity proves, read from its document. */
export interface IdentityEvidence {
  readonly document: AttestationDocument;
  /** SHA-256 of the leaf's SubjectPublicKeyInfo. */
  readonly keySha256: Uint8Array;
}

/** A document has up to a megabyte, and connections of one identity ask by the thousand. */
const read = new WeakMap<ServedIdentity, IdentityEvidence>();

/** @throws EvidenceError for a document that the primary did not make */
export function evidenceOf(identity: ServedIdentity): IdentityEvidence {
  const known = read.get(identity);
  if (known !== undefined) return known;
  const json: unknown = JSON.parse(Buffer.from(identity.document).toString());
  const document = parseAttestationDocument(json);
  const [leaf = new Uint8Array()] = document.certificateChain;
  const evidence = { document, keySha256: sha256(parseCertificate(leaf).spki) };
  read.set(identity, evidence);
  return evidence;
}
