// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import {
  type CertificateOptions,
  type JudgingOptions,
  type Verdict,
  verifyCertificate,
  VerifierError,
} from '@proofgate/verifier';
import { requestAttestationDocument } from '../attestation-document.ts';
import type { ConnectOptions, UnverifiedPeer } from '../connect-tls.ts';
import type { EvidenceQuestionOptions } from './attest-question.ts';
import type { ClientIdentity } from './client-identity.ts';
import { requestKeyEvidence } from './key-evidence.ts';
import type { PeerExchange } from './peer-exchange.ts';
import { rememberVerdict } from './peer-verdicts.ts';
import { presentEvidence } from './present-evidence.ts';
import type { SessionMode } from './session-answer.ts';
import { requestSessionEvidence } from './session-evidence.ts';

/** What a peer must prove before a connection to it is used. */
export interface PeerRequirements
  extends Omit<JudgingOptions, 'at' | 'signal'>, Pick<CertificateOptions, 'caRoots'> {
  /**
   * Whether to ask for the attestation document, which has the event log and may staple collateral. Default: when the
   * policy names workloads, or there is no other collateral.
   */
  readonly fetchDocument?: boolean;
  /** Asks for evidence that covers the TLS session. Default: when the policy's freshness is `session`. */
  readonly freshness?: 'session';
  /** How to ask for it. Default: `batch`, and `challenge` if the host does not know that. */
  readonly sessionMode?: SessionMode;
  /** Who we are, for hosts that want to know. */
  readonly client?: ClientIdentity;
  /** Default: the system's. */
  readonly clock?: () => Date;
}

/** Whether {@link verifyPeer} will ask the peer for evidence for the session. */
export function needsSession({ policy, freshness }: PeerRequirements): boolean {
  return (freshness ?? (policy === 'none' ? undefined : policy.freshness.mode)) === 'session';
}

/**
 * Verifies the peer of an open connection: what it has to be asked is asked, everything is judged, and the verdict is
 * noted for `verdictOf`. When the peer is refused, the connection is closed.
 *
 * @param exchange how to ask over this connection; nothing confidential is sent
 * @throws VerifierError and EvidenceError as the questions and `verifyCertificate` do
 */
export async function verifyPeer(
  peer: UnverifiedPeer,
  target: ConnectOptions,
  requirements: PeerRequirements,
  exchange: PeerExchange,
): Promise<Verdict> {
  const { socket, chain } = peer;
  const { fetchDocument, freshness: _asked, sessionMode: _mode, client, ...rest } = requirements;
  const { clock = systemClock, ...judging } = rest;
  const prove = client?.prove;
  const asking = { ...questionTo(target), exchange, mayPresent: prove !== undefined };
  // Without a listener, an error between here and the caller's own listeners would end the process.
  socket.on('error', ignore);
  try {
    const evidence = await askEvidence(peer, requirements, { ...asking, clock });
    const document =
      (fetchDocument ?? needsDocument(requirements))
        ? await requestAttestationDocument(exchange, questionTo(target))
        : undefined;
    const verdict = await verifyCertificate({
      ...judging,
      ...evidence,
      ...(document === undefined ? {} : { document }),
      chain,
      hostname: target.servername ?? target.host,
      at: clock(),
      ...(target.signal === undefined ? {} : { signal: target.signal }),
    });
    // Not before: who is not what it should be learns nothing of us.
    if (prove !== undefined) await presentEvidence(peer, { ...asking, clock, prove });
    if (socket.destroyed) throw closed(target);
    rememberVerdict(socket, verdict);
    return verdict;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off('error', ignore);
  }
}

function needsDocument({ policy, collateral }: PeerRequirements): boolean {
  return collateral === undefined || (policy !== 'none' && policy.workloads !== undefined);
}

/** Evidence for the session where it is wanted, else for the key. */
async function askEvidence(
  peer: UnverifiedPeer,
  requirements: PeerRequirements,
  asking: EvidenceQuestionOptions & {
    readonly exchange: PeerExchange;
    readonly clock: () => Date;
  },
): Promise<Pick<CertificateOptions, 'session' | 'keyEvidence'>> {
  if (needsSession(requirements)) {
    const { sessionMode: mode } = requirements;
    // RA-TLS v2: the exchange for the session is the first request on a connection.
    const options = { ...asking, ...(mode === undefined ? {} : { mode }) };
    return { session: await requestSessionEvidence(peer, options) };
  }
  const keyEvidence = await requestKeyEvidence(peer, asking);
  return keyEvidence === undefined ? {} : { keyEvidence };
}

function questionTo({ host, servername, port, timeoutMs, signal }: ConnectOptions): {
  readonly host: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
} {
  const name = servername ?? host;
  const authority = isIP(name) === 6 ? `[${name}]` : name;
  return {
    host: port === undefined || port === 443 ? authority : `${authority}:${port}`,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function closed({ host }: ConnectOptions): VerifierError {
  return new VerifierError(
    'ERR_CONNECT_UNAVAILABLE',
    `${host} closed the connection`,
    {
      expected: 'a connection that stays open while its peer is verified',
    },
    'unavailable',
  );
}

function systemClock(): Date {
  return new Date();
}

function ignore(): void {
  // The error also ends whatever waits for the socket, which reports it.
}
