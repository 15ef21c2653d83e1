// SPDX-License-Identifier: Apache-2.0
import { ConfigError } from '@proofgate/daemon';
import { CodedError } from '@proofgate/evidence';

/** Exit codes of every command; scripts depend on them. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  evidenceRefused: 10,
  policyRefused: 11,
  unavailable: 20,
} as const;

/** Further meanings of 10, for commands that compare and look rather than judge. */
export const DIFFERENT = 10;
/** See {@link DIFFERENT}. */
export const FINDINGS = 10;

/** What it means when a command refuses something. */
export type RefusalMeaning =
  /** The command judges evidence: the exit code says whether evidence or policy was refused. */
  | 'verdict'
  /** The command reads what the user named, which then is as wrong as any other argument. */
  | 'input'
  /** The command does something with the user's own files, and could not. */
  | 'failure';

/** Refusals of what belongs to the user; evidence and policies never carry these. */
const OWN_SIDE = /^ERR_(CA|DAEMON|LAUNCHER|PROXY|ATTESTER|SIMULATOR|API)_/u;

/**
 * The exit code for an error that ended a command.
 *
 * @param meaning what refusals mean to the command
 */
export function exitCodeOfFailure(error: unknown, meaning: RefusalMeaning = 'verdict'): number {
  if (error instanceof ConfigError) return EXIT.usage;
  if (!isCoded(error)) return EXIT.internal;
  switch (error.family) {
    case 'misuse':
      return EXIT.usage;
    case 'unavailable':
      return meaning === 'failure' ? EXIT.internal : EXIT.unavailable;
    case 'rejected':
      return exitCodeOfRefusal(error.code, meaning);
  }
}

/** The exit code for a refusal with this error code. */
export function exitCodeOfRefusal(code: string, meaning: RefusalMeaning = 'verdict'): number {
  if (meaning === 'input') return EXIT.usage;
  if (meaning === 'failure' || OWN_SIDE.test(code)) return EXIT.internal;
  return code.startsWith('ERR_POLICY_') ? EXIT.policyRefused : EXIT.evidenceRefused;
}

// `instanceof` with a generic class narrows to CodedError<any>.
function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}
