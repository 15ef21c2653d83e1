// SPDX-License-Identifier: Apache-2.0

/** Signals that end a service in order. SIGHUP is what a closed terminal sends; launcher and proxy have another use for it. */
export const ENDING_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];
