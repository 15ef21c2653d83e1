// SPDX-License-Identifier: Apache-2.0

/** How long things take in supervision; all in milliseconds. */
export interface SupervisionTiming {
  /** Time between SIGTERM and SIGKILL of what no config file knows any more. */
  readonly stopGraceMs: number;
  /** How long a replaced workload goes on answering those who were sent to it before. */
  readonly drainMs: number;
  /** How long requests that are under way then may take, before the replaced workload is asked to end. */
  readonly quietMs: number;
  /** How long a replacement may take from its start until it can serve, unless its health check says so itself. */
  readonly replacementReadyMs: number;
  /** How long the proxy may go on sending clients to a version that has been replaced. */
  readonly switchMs: number;
  /** How often a running instance gets its housekeeping. */
  readonly maintainEveryMs: number;
}

/**
 * Ten seconds to finish requests, as container engines and Enclave OS give, and the same for clients to open a new
 * connection and for what they asked before that; two minutes for a language runtime that warms up; two minutes for a
 * certificate, which takes a second, or until the quoter has been restarted; logs are looked at every five seconds.
 */
export const SUPERVISION_TIMING: SupervisionTiming = {
  stopGraceMs: 10_000,
  drainMs: 10_000,
  quietMs: 10_000,
  replacementReadyMs: 120_000,
  switchMs: 120_000,
  maintainEveryMs: 5_000,
};
