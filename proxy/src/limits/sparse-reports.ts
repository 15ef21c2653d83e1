// SPDX-License-Identifier: Apache-2.0

/** One line a second tells as much as thousands. */
export const REPORT_PAUSE_MS = 1_000;

interface Told {
  at: number;
  since: number;
}

/** Lets one report of a kind through in a while, and counts the others. */
export class SparseReports {
  private readonly monotonicMs: () => number;
  private readonly told = new Map<string, Told>();

  constructor(monotonicMs: () => number) {
    this.monotonicMs = monotonicMs;
  }

  /**
   * Something has happened.
   *
   * @param kind one of few
   * @returns how often it has happened since the last report of the kind, or `undefined` when it is not to be reported
   */
  next(kind: string): number | undefined {
    const now = this.monotonicMs();
    const told = this.told.get(kind);
    if (told !== undefined && now - told.at < REPORT_PAUSE_MS) {
      told.since += 1;
      return undefined;
    }
    this.told.set(kind, { at: now, since: 0 });
    return told?.since ?? 0;
  }
}
