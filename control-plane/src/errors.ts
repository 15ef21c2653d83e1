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
} as const;

/** A code of {@link FleetError}. */
export type FleetErrorCode = keyof typeof FLEET_ERRORS;

/** Something that the control plane refuses or cannot do. */
export class FleetError extends CodedError<FleetErrorCode> {
  constructor(code: FleetErrorCode, message: string, details?: ErrorDetails) {
    super(code, FLEET_ERRORS[code][0], message, details);
  }
}
