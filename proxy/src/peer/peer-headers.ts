// SPDX-License-Identifier: Apache-2.0
import type { RawHeaders } from '../http/header-rules.ts';
import type { PeerProof } from './peer-proof.ts';

/** Carries the token. Like all names here, it is removed from what clients and upstreams send. */
export const PEER_TOKEN_HEADER = 'X-Proofgate-Peer-Token';

/** No client on this host is asked for anything. */
const NONE: RawHeaders = [];

/** Under the names of Enclave OS, about a client that has shown nothing. */
const ANONYMOUS_PRIVASYS: RawHeaders = ['X-Privasys-Attestation', 'none'];

/** What RA-TLS v2 calls the two ways. */
const PRIVASYS_MODES = { session: 'challenge', certificate: 'deterministic' } as const;

/** What an upstream is told of a client that has shown no evidence: nothing, so that absence means absence. */
export function anonymousHeaders(privasys: boolean): RawHeaders {
  return privasys ? ANONYMOUS_PRIVASYS : NONE;
}

/**
 * What an upstream is told of a client that has proved itself, without the token. The same for all of its requests.
 *
 * @param privasys also under the names of Enclave OS
 */
export function proofHeaders(proof: PeerProof, privasys: boolean): string[] {
  const { appId, imageDigest, measurements } = proof;
  // TDX and SNP each have one that is of the image as it was started.
  const measurement = measurements.get('mrtd') ?? measurements.get('measurement');
  return [
    ...['X-Proofgate-Peer-Verified', 'true'],
    ...['X-Proofgate-Peer-Binding', proof.binding],
    ...['X-Proofgate-Peer-Tee', proof.tee],
    ...['X-Proofgate-Peer-Trust-Anchor', proof.trustAnchor],
    ...['X-Proofgate-Peer-Key-Sha256', proof.keySha256],
    ...['X-Proofgate-Peer-Subject', proof.subject],
    ...header('X-Proofgate-Peer-Measurement', measurement),
    ...header('X-Proofgate-Peer-App-Id', appId),
    ...header('X-Proofgate-Peer-Image-Digest', imageDigest),
    ...(privasys ? privasysHeaders(proof, measurement) : []),
  ];
}

/** Names and values of Enclave OS, for apps that know those. */
function privasysHeaders(
  { binding, appId, imageDigest }: PeerProof,
  measurement: string | undefined,
): string[] {
  return [
    ...['X-Privasys-Peer-Verified', 'true'],
    ...header('X-Privasys-Peer-App-Id', appId),
    ...header('X-Privasys-Peer-Image-Digest', imageDigest),
    ...header('X-Privasys-Peer-Measurement', measurement),
    ...['X-Privasys-Attestation', PRIVASYS_MODES[binding]],
  ];
}

function header(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}
