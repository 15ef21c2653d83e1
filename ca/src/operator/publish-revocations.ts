// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { writeFileAtomic } from '@proofgate/daemon';
import { encodePem, sha256, toHex } from '@proofgate/evidence';
import type { CaIdentity } from '../authorities/ca-request.ts';
import { createRevocationList } from '../authorities/create-revocation-list.ts';
import { CA_FILES } from './ca-files.ts';
import type { OperatorCa } from './operator-ca.ts';

/** A revocation list that is in the journal and on disk. */
export interface PublishedList {
  readonly number: number;
  readonly revoked: number;
  /** DER. */
  readonly list: Uint8Array;
}

/**
 * Signs the list of everything revoked so far and writes it as `root.crl` (DER) and `root.crl.pem`. Certificates that
 * have expired are left out: nobody accepts them anyway.
 *
 * @param ca - the open directory
 * @param options - the root, days until the next list at the latest, the current time
 * @throws CaError as `createRevocationList`, and `ERR_CA_JOURNAL_FAILED`; DaemonError `ERR_DAEMON_FILE_WRITE`
 */
export async function publishRevocations(
  ca: OperatorCa,
  options: { readonly root: CaIdentity; readonly days: number; readonly at: Date },
): Promise<PublishedList> {
  const { root, days, at } = options;
  const { issued, crlNumber } = ca.state();
  const revoked = [...issued].flatMap(([serial, { certificate, revoked: revocation }]) =>
    revocation === undefined || certificate.notAfter < at
      ? []
      : [{ serial, at: new Date(revocation.at), reason: revocation.reason }],
  );
  const number = crlNumber + 1;
  const list = createRevocationList({ issuer: root, number, revoked, at, days });
  await ca.journal.append({ type: 'crl', number, sha256: toHex(sha256(list)) }, at);
  await writeFileAtomic(join(ca.directory, CA_FILES.crlDer), list, { mode: 0o644 });
  const pem = encodePem('X509 CRL', list);
  await writeFileAtomic(join(ca.directory, CA_FILES.crlPem), pem, { mode: 0o644 });
  return { number, revoked: revoked.length, list };
}
