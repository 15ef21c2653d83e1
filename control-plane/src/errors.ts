// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const FLEET_ERRORS = {
  ERR_FLEET_DATABASE: [
    'unavailable',
    'the database cannot be reached, is full, or gave up on a transaction: nothing was changed, or it is not known',
  ],
  ERR_FLEET_DATABASE_LOCKED: [
    'unavailable',
    'another process is at work in the directory of the embedded database',
  ],
  ERR_FLEET_DATABASE_URL: ['rejected', 'the address of the database is not one of PostgreSQL'],
  ERR_FLEET_DATABASE_SCHEMA: [
    'rejected',
    'the database was set up by another version of this program, or changed by hand',
  ],
  ERR_FLEET_AUDIT_INVALID: [
    'rejected',
    'the audit log was changed after it was written, or cut off',
  ],
  ERR_FLEET_AGENT_UNKNOWN: ['rejected', 'there is no agent with this id'],
  ERR_FLEET_AGENT_STATE: ['rejected', 'what is asked for cannot happen to an agent in its state'],
  ERR_FLEET_KEY_TAKEN: ['rejected', 'the key belongs to another agent, or was given up'],
  ERR_FLEET_KEY_UNCLAIMED: [
    'rejected',
    'no such key has proved itself under the name of the agent',
  ],
  ERR_FLEET_REQUEST_INVALID: ['rejected', 'a request is malformed'],
  ERR_FLEET_BUSY: ['unavailable', 'as many nonces are under way as may be'],
  ERR_FLEET_NONCE_UNKNOWN: ['rejected', 'the nonce is none that this fleet has given out'],
  ERR_FLEET_NONCE_PURPOSE: ['rejected', 'the nonce was given out for another purpose'],
  ERR_FLEET_NONCE_KEY: ['rejected', 'the nonce was given out to another key'],
  ERR_FLEET_NONCE_USED: ['rejected', 'the nonce was used before'],
  ERR_FLEET_NONCE_EXPIRED: ['rejected', 'the nonce has expired'],
  ERR_FLEET_EVIDENCE_BINDING: [
    'rejected',
    'evidence is genuine, but was made for another fleet, agent, key, purpose or nonce',
  ],
  ERR_FLEET_NAME_TAKEN: [
    'rejected',
    'the name belongs to another key; an operator can let this one have it',
  ],
  ERR_FLEET_POLICY_OPEN: [
    'rejected',
    'the policy names no measurements, so that the machine of anybody would be let in',
  ],
  ERR_FLEET_POLICY_UNKNOWN: ['rejected', 'there is no such version of the policy, or assignment'],
  ERR_FLEET_POLICY_MISSING: ['rejected', 'no policy that decides is assigned to the agent'],
  ERR_FLEET_FENCED: [
    'unavailable',
    'another instance of the control plane has taken over; what this one wanted to write was not written',
  ],
} as const;

/** A code of {@link FleetError}. */
export type FleetErrorCode = keyof typeof FLEET_ERRORS;

/** Something that the control plane refuses or cannot do. */
export class FleetError extends CodedError<FleetErrorCode> {
  constructor(code: FleetErrorCode, message: string, details?: ErrorDetails) {
    super(code, FLEET_ERRORS[code][0], message, details);
  }
}
