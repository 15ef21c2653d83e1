// SPDX-License-Identifier: Apache-2.0
import { VerifierError } from '../errors.ts';
import { prepareCollateral, type PrepareOptions } from '../dcap/prepare-collateral.ts';
import type { PreparedCollateral } from '../dcap/prepared-collateral.ts';
import type { CollateralRequest, CollateralSource } from './collateral-request.ts';

/** Collateral that is fetched once, verified once, and kept until some part of it runs out. */
export interface CollateralCache {
  /**
   * @throws VerifierError what the source or {@link prepareCollateral} throws, and `ERR_COLLATERAL_ROLLBACK`
   */
  prepared(request: CollateralRequest): Promise<PreparedCollateral>;
}

/** A fleet has a handful of platform kinds; the bound keeps made-up FMSPCs from filling memory. */
const MAX_ENTRIES = 64;

/**
 * Puts a cache before a source. Requests for the same collateral at the same time share one fetch,
 * which is why no caller can abort it; the source has its own deadlines. Only collateral
 * that verified is kept, and none whose evaluation number is lower than one seen before: an old, genuine answer would
 * otherwise hide a TCB recovery.
 */
export function createCollateralCache(
  source: CollateralSource,
  root: PrepareOptions['root'],
): CollateralCache {
  const kept = new Map<string, PreparedCollateral>();
  const pending = new Map<string, Promise<PreparedCollateral>>();

  const refresh = async (key: string, request: CollateralRequest): Promise<PreparedCollateral> => {
    const fresh = await prepareCollateral(await source(request), {
      root,
      at: request.at,
    });
    checkMonotonic(kept.get(key), fresh);
    kept.delete(key);
    kept.set(key, fresh);
    const [oldest] = kept.keys();
    if (kept.size > MAX_ENTRIES && oldest !== undefined) kept.delete(oldest);
    return fresh;
  };

  return {
    async prepared(request) {
      const key = `${request.tee} ${request.fmspc} ${request.ca}`;
      const known = kept.get(key);
      if (known !== undefined && request.at <= known.validUntil) return known;
      const running = pending.get(key);
      if (running !== undefined) return running;
      const started = refresh(key, request).finally(() => pending.delete(key));
      pending.set(key, started);
      return started;
    },
  };
}

function checkMonotonic(known: PreparedCollateral | undefined, fresh: PreparedCollateral): void {
  for (const document of ['tcbInfo', 'qeIdentity'] as const) {
    const before = known?.[document].tcbEvaluationDataNumber ?? 0;
    const now = fresh[document].tcbEvaluationDataNumber;
    if (now < before) {
      throw new VerifierError('ERR_COLLATERAL_ROLLBACK', 'the collateral is older than before', {
        expected: `evaluation number ${before} or later`,
        seen: String(now),
      });
    }
  }
}
