// SPDX-License-Identifier: Apache-2.0
import { concatBytes, lengthPrefixed } from '../bytes/bytes.ts';
import { asReportData, type ReportData } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { EvidenceError } from '../errors.ts';
import { sha256, sha512 } from '../hashes.ts';
import { checkSpki } from './report-data.ts';

/*
 * An agent of a fleet proves to its control plane that its key was made inside the TEE, for this
 * control plane's nonce, for one purpose and for nothing else:
 *
 *   report_data = SHA-512( "proofgate/fleet-agent/v1" || LP(purpose) || LP(fleet) || LP(agent) ||
 *                          LP(SHA-256(SPKI)) || LP(nonce) )
 *
 * LP(x) is the length of x as four bytes, big endian, then x. No other formula begins with this
 * label, so that evidence for a fleet can stand in for nothing else.
 */

/** Names the purpose and the formula. */
const LABEL = utf8('proofgate/fleet-agent/v1');

/** Length of the nonce that a control plane gives. */
export const FLEET_NONCE_BYTES = 32;

/** Longest name of a fleet or an agent: that of a host (RFC 1035, section 2.3.4). */
const MAX_NAME_LENGTH = 253;

/** The first proof of an agent that joins, or one of those that it gives while it is a member. */
export type FleetPurpose = 'register' | 'attest';

/** What evidence of an agent is bound to. */
export interface FleetBinding {
  readonly purpose: FleetPurpose;
  /** Name of the control plane: what is made for one cannot be shown to another. */
  readonly fleet: string;
  /** Name of the agent. */
  readonly agent: string;
  /** DER SubjectPublicKeyInfo of the agent. */
  readonly spki: Uint8Array;
  /** {@link FLEET_NONCE_BYTES} bytes, used once. */
  readonly nonce: Uint8Array;
}

/**
 * Report data of evidence that an agent gives its control plane.
 *
 * @throws EvidenceError `ERR_REPORT_DATA_INPUT`
 * @example
 * ```ts
 * const reportData = fleetReportData({ purpose: 'register', fleet: 'cp.example.com', agent: 'prod1', spki, nonce });
 * ```
 */
export function fleetReportData(binding: FleetBinding): ReportData {
  const { purpose, fleet, agent, spki, nonce } = binding;
  checkName('fleet', fleet);
  checkName('agent', agent);
  checkSpki(spki);
  if (nonce.length !== FLEET_NONCE_BYTES) {
    throw misuse('nonce', `${FLEET_NONCE_BYTES} bytes`, `${nonce.length} bytes`);
  }
  const parts = [utf8(purpose), utf8(fleet), utf8(agent), sha256(spki), nonce];
  return asReportData(sha512(concatBytes(LABEL, ...parts.map(lengthPrefixed))));
}

function checkName(what: string, name: string): void {
  if (name.length > 0 && name.length <= MAX_NAME_LENGTH) return;
  throw misuse(what, `a name of 1 to ${MAX_NAME_LENGTH} characters`, `${name.length} characters`);
}

function misuse(what: string, expected: string, seen: string): EvidenceError {
  return new EvidenceError(
    'ERR_REPORT_DATA_INPUT',
    `${what} has a wrong length`,
    { expected, seen },
    'misuse',
  );
}
