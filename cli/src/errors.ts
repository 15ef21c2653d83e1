// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const CLI_ERRORS = {
  ERR_CLI_USAGE: ['misuse', 'an argument or option of the command line is missing or wrong'],
  ERR_CLI_FILE: ['misuse', 'a file named on the command line cannot be read or written'],
  ERR_CLI_FILE_EXISTS: ['misuse', 'a file that would be written exists already'],
  ERR_CLI_TARGET: [
    'misuse',
    'the target is neither an address nor a file with a certificate, quote, report or event log',
  ],
  ERR_CLI_MANAGEMENT_REFUSED: [
    'misuse',
    'a VM does not do what it was asked for; it says why, and which fields are wrong',
  ],
  ERR_CLI_MANAGEMENT_UNAVAILABLE: [
    'unavailable',
    'a VM’s management API cannot be reached, or cannot do now what it was asked for',
  ],
} as const;

/** A code of {@link CliError}. */
export type CliErrorCode = keyof typeof CLI_ERRORS;

/** A command line that cannot be carried out as given. */
export class CliError extends CodedError<CliErrorCode> {
  constructor(code: CliErrorCode, message: string, details?: ErrorDetails) {
    super(code, CLI_ERRORS[code][0], message, details);
  }
}
