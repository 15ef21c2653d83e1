// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, type AttestationDocument } from '@proofgate/evidence';
import { VerifierError, type AppraisalOptions } from '@proofgate/verifier';
import {
  connectTls,
  fetchAttestationDocument,
  requestKeyEvidence,
  requestSessionEvidence,
} from '@proofgate/verifier/node';

import { CliError } from '../errors.ts';
import type { Progress } from '../input/progress.ts';
import { authorityOf, type Target } from '../input/target.ts';

/** What a target presents to be judged. */
export type PresentedEvidence = Pick<
  AppraisalOptions,
  'evidence' | 'hostname' | 'document' | 'session' | 'keyEvidence'
>;

/** What the evidence has to be bound to: the key of a certificate, or the TLS session itself. */
export type Freshness = 'certificate' | 'session';

/** What is asked of a host besides its certificate. */
export interface SessionWish {
  readonly freshness: Freshness | undefined;
  /** By which the age of a session's evidence is told. Default: the system's. */
  readonly clock?: () => Date;
}

/**
 * Gets the evidence of a target; a host is asked for its certificate, its attestation document and, for `session`, for
 * evidence that covers the connection itself.
 *
 * @throws CliError `ERR_CLI_USAGE` when a file is to be as fresh as a session, `ERR_CLI_TARGET` for an event log; VerifierError `ERR_CONNECT_*`; EvidenceError when the document is
 *   malformed
 */
export async function presentedBy(
  target: Target,
  progress: Progress,
  session: SessionWish = { freshness: undefined },
): Promise<PresentedEvidence> {
  demandBindable(target, session.freshness);
  switch (target.kind) {
    case 'host':
      return presentedByHost(target, progress, session);
    case 'event-log':
      throw new CliError('ERR_CLI_TARGET', 'an event log alone proves nothing', {
        hint: 'use inspect to look at it, or verify the host that it is from',
      });
    case 'certificate':
      return { evidence: { kind: 'certificate', chain: target.chain } };
    case 'quote':
    case 'snp-report':
      return { evidence: { kind: target.kind, bytes: target.bytes } };
    case 'document':
      return { evidence: { kind: 'document', document: target.document } };
  }
}

function demandBindable({ kind }: Target, freshness: Freshness | undefined): void {
  if (freshness === undefined || kind === 'host') return;
  if (freshness === 'session') {
    throw new CliError('ERR_CLI_USAGE', 'only a host can prove a session', {
      hint: 'give the address of the host, or ask for freshness certificate',
    });
  }
  if (kind === 'certificate') return;
  throw new CliError('ERR_CLI_USAGE', 'this file is bound to no certificate', {
    hint: 'give the address of the host or its certificate chain, or ask for no freshness',
  });
}

async function presentedByHost(
  target: Extract<Target, { kind: 'host' }>,
  progress: Progress,
  { freshness, clock }: SessionWish,
): Promise<PresentedEvidence> {
  const authority = authorityOf(target);
  progress(`connecting to ${authority}`);
  const peer = await connectTls({ host: target.host, port: target.port });
  const { socket, chain } = peer;
  try {
    const session =
      freshness === 'session'
        ? {
            session: await requestSessionEvidence(peer, {
              host: authority,
              ...(clock === undefined ? {} : { clock }),
            }),
          }
        : {};
    const keyEvidence =
      freshness === 'session' ? undefined : await requestKeyEvidence(peer, { host: authority });
    const document = await documentOf(socket, authority, progress);
    return {
      evidence: { kind: 'certificate', chain },
      hostname: target.host,
      ...session,
      ...(keyEvidence === undefined ? {} : { keyEvidence }),
      ...(document === undefined ? {} : { document }),
    };
  } finally {
    socket.destroy();
  }
}

// A host without the document can still be judged by its certificate; a malformed document is evidence that lies.
async function documentOf(
  socket: Parameters<typeof fetchAttestationDocument>[0],
  host: string,
  progress: Progress,
): Promise<AttestationDocument | undefined> {
  try {
    return await fetchAttestationDocument(socket, { host });
  } catch (error) {
    if (error instanceof EvidenceError || !(error instanceof VerifierError)) throw error;
    progress(`going on without the attestation document (${error.seen ?? error.message})`);
    return undefined;
  }
}
