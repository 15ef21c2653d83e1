// SPDX-License-Identifier: Apache-2.0
import type { CertificateDescription } from './describe-certificate.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

/** A certificate as a two-column table; rows without a value are left out. */
export function certificateTable(certificate: CertificateDescription): string {
  const rows: [string, string][] = [
    ['subject', certificate.subject],
    ['issuer', certificate.issuer],
    ['valid', `${certificate.notBefore} to ${certificate.notAfter}`],
    ['names', certificate.names.join(', ')],
    ['CA', authority(certificate)],
    ['may issue for', certificate.permitted.join(', ')],
    ['may not issue for', certificate.excluded.join(', ')],
    ['serial', certificate.serialNumber],
    ['sha256', certificate.sha256],
    ['key sha256', certificate.spkiSha256],
    ['evidence', certificate.evidence ?? ''],
    ...certificate.extensions.map(({ oid, name, value }): [string, string] => [
      name,
      `${value}  (${oid})`,
    ]),
  ];
  return table(rows.filter(([, value]) => value !== '').map((row) => row.map(printable)));
}

function authority({ ca, pathLength }: CertificateDescription): string {
  if (!ca) return '';
  return pathLength === undefined ? 'yes' : `yes, path length ${String(pathLength)}`;
}
