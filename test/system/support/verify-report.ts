// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from './proofgate.ts';

/** What `verify --json` prints, as far as these tests look at it. */
interface Report {
  readonly verdict: string;
  readonly code?: string;
  readonly checks: readonly { readonly name: string; readonly result: string }[];
}

/** The report of a command that was given `--json`. */
export function report({ stdout }: Outcome): Report {
  // Sound: what a test expects of it fails when it is something else.
  return JSON.parse(stdout) as Report;
}
