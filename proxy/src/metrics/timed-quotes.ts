// SPDX-License-Identifier: Apache-2.0
import type { Platform } from '@proofgate/attester';
import type { Clock } from '../clock.ts';
import type { PrimaryMetrics } from './primary-metrics.ts';

/** The platform as identities see it, with the time that their quotes take counted. */
export function timedQuotes(platform: Platform, metrics: PrimaryMetrics, clock: Clock): Platform {
  const { quotes } = platform;
  return {
    ...platform,
    quotes: {
      ...quotes,
      async quote(reportData, signal) {
        const startedAt = clock.now().getTime();
        let made = false;
        try {
          const quote = await quotes.quote(reportData, signal);
          made = true;
          return quote;
        } finally {
          const durationMs = clock.now().getTime() - startedAt;
          metrics.quoted('identity', { made, durationMs, sessions: 1 });
        }
      },
    },
  };
}
