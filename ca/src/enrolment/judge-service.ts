// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls';
import { CodedError, decodePem } from '@proofgate/evidence';
import type { Policy } from '@proofgate/verifier';
import { verifiedConnect, type PeerRequirements } from '@proofgate/verifier/node';
import { CaError } from '../errors.ts';

/** What the enrolment service has to prove before anything is sent to it: that it runs in a TEE, and as what. */
export interface ServiceRequirements extends Pick<
  PeerRequirements,
  'collateral' | 'endorsements' | 'clock'
> {
  readonly policy: Policy;
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
 * Connects to the service and judges the evidence in its certificate. The certificate has to come from the root as well,
 * and be for the service's name.
 *
 * @param place - where
 * @param requirements - the policy
 * @returns a connection to which nothing has been written
 * @throws CaError `ERR_CA_SERVICE_REFUSED` with the reason; errors of connecting as they are
 */
export async function connectToJudged(
  { rootPem, ...target }: ServicePlace,
  requirements: ServiceRequirements,
): Promise<TLSSocket> {
  try {
    const { socket } = await verifiedConnect(target, {
      ...requirements,
      caRoots: decodePem(rootPem, 'CERTIFICATE'),
      // What proves it is in the certificate; the service has no log of workloads.
      fetchDocument: false,
    });
    return socket;
  } catch (cause) {
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
