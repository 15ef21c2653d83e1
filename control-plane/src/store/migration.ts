// SPDX-License-Identifier: Apache-2.0

/** A step that brings the tables from one version to the next. Once released it is never changed again. */
export interface Migration {
  /** 1 for the first; no gaps. */
  readonly version: number;
  readonly name: string;
  /** Statements, run one after the other. */
  readonly statements: readonly string[];
}
