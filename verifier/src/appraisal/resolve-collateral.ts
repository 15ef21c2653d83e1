// SPDX-License-Identifier: Apache-2.0
import { type Collateral, parseQuote } from '@proofgate/evidence';
import type { CollateralCache } from '../collateral/collateral-cache.ts';
import { collateralRequest } from '../collateral/collateral-request.ts';
import { prepareCollateral } from '../dcap/prepare-collateral.ts';
import type { PreparedCollateral } from '../dcap/prepared-collateral.ts';
import { VerifierError } from '../errors.ts';
import { INTEL_ROOT } from '../roots/intel-sgx-root.ts';
import { matchTrustedRoot, type TrustedRoots } from '../roots/trust-anchor.ts';
import type { Signal } from '../web-platform.ts';
import type { CollateralInput } from './appraisal-options.ts';

/** What {@link resolveCollateral} needs. */
export interface CollateralContext {
  readonly collateral: CollateralInput | undefined;
  readonly roots: TrustedRoots;
  readonly at: Date;
  readonly signal: Signal | undefined;
}

/**
 * Gets collateral for a quote from whatever the caller gave, and makes sure that it stands on a trusted root.
 *
 * @throws VerifierError `ERR_COLLATERAL_UNAVAILABLE` when there is none, and what {@link prepareCollateral} throws
 */
export async function resolveCollateral(
  quote: Uint8Array,
  { collateral, roots, at, signal }: CollateralContext,
): Promise<PreparedCollateral> {
  if (collateral === undefined) {
    throw new VerifierError(
      'ERR_COLLATERAL_UNAVAILABLE',
      'there is no collateral for the quote',
      {
        hint: 'give a bundle, a directory of bundles, or the URL of a PCS or PCCS',
      },
      'unavailable',
    );
  }
  if (isPrepared(collateral)) return trusted(collateral, roots);
  if (isCache(collateral)) {
    return trusted(await collateral.prepared(collateralRequest(parseQuote(quote), at)), roots);
  }
  const bundle: Collateral =
    typeof collateral === 'function'
      ? await collateral(collateralRequest(parseQuote(quote), at), signal)
      : collateral;
  return prepareCollateral(bundle, { root: roots, at });
}

// Whoever prepared it named a root of their own; this verification may accept fewer.
async function trusted(
  collateral: PreparedCollateral,
  roots: TrustedRoots,
): Promise<PreparedCollateral> {
  await matchTrustedRoot(roots, collateral.root.certificate, INTEL_ROOT);
  return collateral;
}

function isPrepared(collateral: CollateralInput): collateral is PreparedCollateral {
  return 'tcbInfo' in collateral;
}

function isCache(collateral: CollateralInput): collateral is CollateralCache {
  return 'prepared' in collateral;
}
