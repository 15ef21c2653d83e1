// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { CodedError, decodePem } from '@proofgate/evidence';
import { verifyCertificate, type JudgingOptions, type Policy } from '@proofgate/verifier';
import { connectTls } from '@proofgate/verifier/node';
import { CaError } from '../errors.ts';

/** What the enrolment service has to prove before anything is sent to it: that it runs in a TEE, and as what. */
export interface ServiceRequirements extends Pick<JudgingOptions, 'collateral' | 'endorsements'> {
  readonly policy: Policy;
  readonly clock: () => Date;
}

/** Where the service is, and the root that its certificate has to come from. */
export interface ServicePlace {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly rootPem: string;
  readonly signal: AbortSignal;
}

/**
 * Connects to the service and judges the evidence in its certificate, asking it nothing. The certificate has to come from the root as well,
 * and be for the service's name.
 *
 * @param place - where
 * @param requirements - the policy
 * @returns a connection to which nothing has been written
 * @throws CaError `ERR_CA_SERVICE_REFUSED` with the reason; errors of connecting as they are
 */
export async function connectToJudged(
  { rootPem, ...target }: ServicePlace,
  { clock, ...judging }: ServiceRequirements,
): Promise<TLSSocket> {
  const { socket, chain } = await connectTls(target);
  // One that breaks meanwhile is reported by whoever uses it; without a listener it would end the process.
  socket.on('error', () => undefined);
  try {
    const caRoots = decodePem(rootPem, 'CERTIFICATE');
    const { servername: hostname, signal } = target;
    await verifyCertificate({ ...judging, caRoots, chain, hostname, at: clock(), signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    if (!isRejection(cause)) throw cause;
    const { code, message, expected, seen } = cause;
    throw new CaError('ERR_CA_SERVICE_REFUSED', `${target.servername} is refused: ${message}`, {
      seen: seen === undefined ? code : `${code}: ${seen}`,
      ...(expected === undefined ? {} : { expected }),
      hint: 'nothing was sent: compare platform.ca.policy with what the service runs',
      cause,
    });
  }
}

function isRejection(error: unknown): error is CodedError {
  return error instanceof CodedError && error.family === 'rejected';
}
