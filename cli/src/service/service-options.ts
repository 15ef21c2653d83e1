// SPDX-License-Identifier: Apache-2.0

/** Options of the commands that run a product from a config file. */
export interface ServiceOptions {
  readonly config: string;
  /** Validate the file and stop. */
  readonly check?: boolean;
  /** End when standard input ends: `up` holds the other end for as long as it lives. */
  readonly withParent?: boolean;
}
