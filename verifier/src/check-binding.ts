// SPDX-License-Identifier: Apache-2.0
import {
  type BatchPosition,
  batchReportData,
  type Certificate,
  deterministicReportData,
  equalBytes,
  readAttestationExtensions,
  replayBatchPath,
  type ReportData,
  sessionLeaf,
  sessionReportData,
  toHex,
} from '@proofgate/evidence';
import { VerifierError } from './errors.ts';

/** Evidence that was made for the key and the time of a certificate. */
export interface CertificateBinding {
  readonly kind: 'certificate';
  /** When the evidence was made, to the minute: the certificate's notBefore. */
  readonly quoteTime: Date;
}

/** Attested leaves live for a day at most (RA-TLS v1): longer ones would let an old quote pass for long. */
export const MAX_ATTESTED_LIFETIME_MS: number = 24 * 3_600_000;
/** How far the clocks of attester and verifier may differ (RA-TLS v2). */
const CLOCK_TOLERANCE_MS: number = 5 * 60_000;

/** Verified evidence, as far as binding looks at it. */
export interface BindableEvidence {
  readonly reportData: ReportData;
}

/**
 * Demands that evidence was made for a certificate: its report data covers the public key, notBefore, and GPU evidence
 * when the certificate carries some (RA-TLS v1, deterministic mode). Report data is computed here, never taken from
 * the peer.
 *
 * The evidence must have been verified before, and the caller must know that the peer holds the certificate's key,
 * which TLS proves.
 *
 * @throws VerifierError `ERR_BINDING_REPORT_DATA`, `ERR_BINDING_LIFETIME`
 */
export function checkBinding(
  certificate: Certificate,
  evidence: BindableEvidence,
): CertificateBinding {
  const { notBefore, notAfter } = certificate;
  checkReportData(certificate, notBefore, evidence);
  const lifetime = notAfter.getTime() - notBefore.getTime();
  if (lifetime > MAX_ATTESTED_LIFETIME_MS) {
    throw new VerifierError('ERR_BINDING_LIFETIME', 'the certificate lives too long', {
      expected: `at most ${MAX_ATTESTED_LIFETIME_MS / 3_600_000} hours`,
      seen: `${lifetime / 3_600_000} hours`,
    });
  }
  return { kind: 'certificate', quoteTime: new Date(notBefore) };
}

/** Evidence that was made for one TLS session. */
export interface SessionBinding {
  readonly kind: 'session';
  /** When the evidence was asked for. */
  readonly quoteTime: Date;
}

/** Where a session is in a batch that one quote covers, as the peer says. Nothing of it is believed unless the quote covers it. */
export interface SessionBatch extends BatchPosition {
  /** When the peer closed the batch. */
  readonly time: Date;
}

/** The caller's end of a TLS session, and what it asked the peer for (RA-TLS v2, mode `challenge`, or mode `batch`). */
export interface SessionChallenge {
  /** 32 random bytes that the caller chose for this question. */
  readonly context: Uint8Array;
  /** What the caller's own TLS stack exports for {@link context}; never anything that the peer sent. */
  readonly exported: Uint8Array;
  /** GPU evidence that the peer sent beside its quote, as it came. */
  readonly gpuEvidence?: Uint8Array | undefined;
  /** For evidence that covers many sessions. It covers no GPU evidence. */
  readonly batch?: SessionBatch | undefined;
  /** When the peer was asked: the evidence is not older. */
  readonly requestedAt: Date;
}

/**
 * Demands that evidence was made for one TLS session (RA-TLS v2, modes `challenge` and `batch`): its report data covers
 * the certificate's key and a secret of the session. Report data is computed here. A peer that merely holds the
 * certificate's key, such as a relay with a stolen one, has a session of its own and cannot get such evidence.
 *
 * @param certificate the one that the peer presented in the session
 * @throws VerifierError `ERR_BINDING_SESSION`, `ERR_BINDING_SESSION_TIME`; EvidenceError `ERR_BATCH_PATH`, and
 * `ERR_REPORT_DATA_INPUT` for a challenge that is none, such as an exporter value of zeros
 */
export function checkSessionBinding(
  certificate: Certificate,
  evidence: BindableEvidence,
  challenge: SessionChallenge,
): SessionBinding {
  const { batch, requestedAt } = challenge;
  const expected = sessionData(certificate, challenge);
  if (equalBytes(expected, evidence.reportData)) {
    return {
      kind: 'session',
      quoteTime: batch === undefined ? new Date(requestedAt) : batchTime(batch, requestedAt),
    };
  }
  throw new VerifierError('ERR_BINDING_SESSION', 'the evidence is not for this TLS session', {
    expected: toHex(expected),
    seen: toHex(evidence.reportData),
    hint: 'somebody between here and the TEE may end TLS, with a certificate key of the TEE',
  });
}

function sessionData({ spki }: Certificate, challenge: SessionChallenge): ReportData {
  const { context, exported, gpuEvidence, batch } = challenge;
  if (batch === undefined) return sessionReportData(spki, context, exported, gpuEvidence);
  if (gpuEvidence !== undefined) {
    throw new VerifierError('ERR_BINDING_SESSION', 'a batch does not cover GPU evidence', {
      hint: 'ask in mode challenge',
    });
  }
  const leaf = sessionLeaf('server', spki, context, exported);
  return batchReportData(replayBatchPath(leaf, batch), batch.size, batch.time);
}

// The evidence is not older than the context in it; what the peer says of its clock can only make it look older.
function batchTime({ time }: SessionBatch, requestedAt: Date): Date {
  const [stated, asked] = [time.getTime(), requestedAt.getTime()];
  if (Math.abs(stated - asked) <= CLOCK_TOLERANCE_MS) return new Date(Math.min(stated, asked));
  throw new VerifierError(
    'ERR_BINDING_SESSION_TIME',
    'the batch is not of the time it was asked for',
    {
      expected: `within ${CLOCK_TOLERANCE_MS / 60_000} minutes of ${requestedAt.toISOString()}`,
      seen: time.toISOString(),
    },
  );
}

/**
 * Demands that evidence was made for a certificate's key at a time that lies within a day before `at`. It binds evidence
 * to a connection only if the peer has proved to hold that key, which a certificate that was merely shown does not.
 *
 * @param quoteTime as an attestation document or an answer states it
 * @param gpuEvidence of the certificate, unless given
 * @throws VerifierError `ERR_BINDING_REPORT_DATA`, `ERR_BINDING_LIFETIME`
 */
export function checkStatedTime(
  certificate: Certificate,
  quoteTime: Date,
  evidence: BindableEvidence,
  at: Date,
  gpuEvidence?: Uint8Array,
): void {
  const age = at.getTime() - quoteTime.getTime();
  // Written so that an invalid time, whose age is not a number, is refused.
  if (!(age >= -CLOCK_TOLERANCE_MS && age <= MAX_ATTESTED_LIFETIME_MS + CLOCK_TOLERANCE_MS)) {
    throw new VerifierError('ERR_BINDING_LIFETIME', 'the evidence is not of the last day', {
      expected: `made within 24 hours before ${at.toISOString()}`,
      seen: Number.isNaN(age) ? 'no valid time' : quoteTime.toISOString(),
    });
  }
  checkReportData(certificate, quoteTime, evidence, gpuEvidence);
}

function checkReportData(
  certificate: Certificate,
  time: Date,
  evidence: BindableEvidence,
  gpuEvidence: Uint8Array | undefined = readAttestationExtensions(certificate).gpuEvidence,
): void {
  const expected = deterministicReportData(certificate.spki, time, gpuEvidence);
  if (equalBytes(expected, evidence.reportData)) return;
  throw new VerifierError(
    'ERR_BINDING_REPORT_DATA',
    'the evidence is not for this certificate’s key and time',
    {
      expected: toHex(expected),
      seen: toHex(evidence.reportData),
      hint: 'genuine evidence of another machine or another certificate may have been relayed',
    },
  );
}
