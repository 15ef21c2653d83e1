// SPDX-License-Identifier: Apache-2.0
import { fromBase64, parseCertificate, toHex, type Certificate } from '@proofgate/evidence';
import { opensslCertificate } from '../certificates/openssl-certificate.ts';
import { CaError } from '../errors.ts';
import type { JournalEntry, RevocationReason } from './journal-entry.ts';

/** A certificate that the CA has issued. */
export interface IssuedCertificate {
  readonly certificate: Certificate;
  /** ISO 8601. */
  readonly issuedAt: string;
  readonly revoked: { readonly at: string; readonly reason: RevocationReason } | undefined;
}

/** What a journal says the CA's situation is. */
export interface JournalState {
  readonly root: Certificate;
  /** By serial number in hex, in the order of issue. */
  readonly issued: ReadonlyMap<string, IssuedCertificate>;
  /** Number of the last revocation list; 0 when there is none. */
  readonly crlNumber: number;
}

/** Grows as the journal is read. */
export interface JournalDraft extends JournalState {
  readonly issued: Map<string, IssuedCertificate>;
  crlNumber: number;
}

/**
 * Reads a journal as a history that has to make sense: it begins with the root, which has signed every certificate in
 * it; no serial number is used twice; what is revoked was issued; numbers of revocation lists grow.
 *
 * @param entries - a whole journal
 * @returns the situation after the last entry
 * @throws CaError `ERR_CA_JOURNAL_INVALID`, naming the line
 */
export function journalState(entries: readonly JournalEntry[]): JournalState {
  const [first, ...rest] = entries;
  const draft = beginState(first);
  for (const entry of rest) applyEntry(draft, entry);
  return draft;
}

/**
 * The situation after the first entry, which names the root.
 *
 * @param first - what the journal begins with
 * @throws CaError `ERR_CA_JOURNAL_INVALID`
 */
export function beginState(first: JournalEntry | undefined): JournalDraft {
  if (first?.event.type !== 'init') throw senseless(0, 'does not begin with the root');
  const root = readCertificate(first.event.root, 0);
  if (!isSignedBy(root, root)) throw senseless(0, 'has a root that is not signed by itself');
  return { root, issued: new Map(), crlNumber: 0 };
}

/**
 * Goes one entry on.
 *
 * @param draft - the situation before; unchanged when the entry is refused
 * @param entry - what follows
 * @throws CaError `ERR_CA_JOURNAL_INVALID`
 */
export function applyEntry(draft: JournalDraft, { seq, time, event }: JournalEntry): void {
  switch (event.type) {
    case 'init':
      throw senseless(seq, 'begins a second time');
    case 'issue':
      draft.issued.set(event.serial, {
        certificate: readIssued(draft, event, seq),
        issuedAt: time,
        revoked: undefined,
      });
      return;
    case 'revoke':
      draft.issued.set(event.serial, {
        ...requireUnrevoked(draft, event.serial, seq),
        revoked: { at: time, reason: event.reason },
      });
      return;
    case 'crl':
      if (event.number <= draft.crlNumber) throw senseless(seq, 'numbers a revocation list again');
      draft.crlNumber = event.number;
      return;
    case 'rotate':
      if (!draft.issued.has(event.serial) || !draft.issued.has(event.previous)) {
        throw senseless(seq, 'rotates a certificate that was not issued');
      }
  }
}

function readIssued(
  { root, issued }: JournalDraft,
  event: { readonly serial: string; readonly certificate: string },
  seq: number,
): Certificate {
  const certificate = readCertificate(event.certificate, seq);
  if (toHex(certificate.serialNumber) !== event.serial) {
    throw senseless(seq, 'names another serial number than its certificate');
  }
  if (issued.has(event.serial)) throw senseless(seq, 'issues a serial number a second time');
  if (!isSignedBy(certificate, root)) throw senseless(seq, 'has a certificate of another CA');
  return certificate;
}

function requireUnrevoked(
  { issued }: JournalDraft,
  serial: string,
  seq: number,
): IssuedCertificate {
  const found = issued.get(serial);
  if (found === undefined) throw senseless(seq, 'revokes a certificate that was not issued');
  if (found.revoked !== undefined) throw senseless(seq, 'revokes a certificate a second time');
  return found;
}

function readCertificate(base64: string, seq: number): Certificate {
  try {
    return parseCertificate(fromBase64(base64));
  } catch (cause) {
    throw senseless(seq, 'has a certificate that cannot be read', cause);
  }
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  return opensslCertificate(certificate.raw).verify(opensslCertificate(issuer.raw).publicKey);
}

function senseless(seq: number, problem: string, cause?: unknown): CaError {
  const message = `line ${String(seq + 1)} of the journal ${problem}`;
  return new CaError('ERR_CA_JOURNAL_INVALID', message, cause === undefined ? {} : { cause });
}
