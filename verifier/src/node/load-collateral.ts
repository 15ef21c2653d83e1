// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Collateral, EvidenceError, parseCollateral } from '@proofgate/evidence';
import {
  type CollateralRequest,
  type CollateralSource,
  describeCollateral,
  type Fetch,
  fetchCollateral,
  VerifierError,
} from '@proofgate/verifier';

/** A bundle has 16 to 21 KB. */
const MAX_BUNDLE_BYTES = 1024 * 1024;
/** A directory holds a bundle for each platform kind and generation. */
const MAX_BUNDLES = 256;

/**
 * Makes a source of collateral out of what a person names.
 *
 * @param location URL of a PCS or PCCS, a bundle file, or a directory of bundle files
 * @param options.fetch default: the global one
 * @throws VerifierError `ERR_COLLATERAL_UNAVAILABLE`; EvidenceError `ERR_COLLATERAL_INVALID` for a malformed bundle
 */
export async function loadCollateral(
  location: string,
  options: { readonly fetch?: Fetch } = {},
): Promise<CollateralSource> {
  if (/^https?:\/\//.test(location)) {
    const call: Fetch = options.fetch ?? fetch;
    return async (request, signal) =>
      fetchCollateral(request, {
        url: location,
        fetch: call,
        ...(signal === undefined ? {} : { signal }),
      });
  }
  return bundleSource(await readCollateralBundles(location), location);
}

/**
 * A source of collateral out of bundles that are there already.
 *
 * @param name of where they come from, for messages
 */
export function bundleSource(bundles: readonly Collateral[], name: string): CollateralSource {
  return async (request) => choose(bundles, request, name);
}

/**
 * Reads a bundle file, or all of a directory.
 *
 * @throws VerifierError `ERR_COLLATERAL_UNAVAILABLE`; EvidenceError `ERR_COLLATERAL_INVALID` for a malformed bundle
 */
export async function readCollateralBundles(location: string): Promise<readonly Collateral[]> {
  try {
    if (!(await stat(location)).isDirectory()) return [await readBundle(location)];
    const names = (await readdir(location)).filter((name) => name.endsWith('.json')).sort();
    if (names.length > MAX_BUNDLES) {
      throw new VerifierError(
        'ERR_COLLATERAL_UNAVAILABLE',
        `${location} holds too many bundles`,
        {
          expected: `at most ${MAX_BUNDLES}`,
          seen: String(names.length),
        },
        'unavailable',
      );
    }
    return await Promise.all(names.map(async (name) => readBundle(join(location, name))));
  } catch (cause) {
    if (cause instanceof EvidenceError || cause instanceof VerifierError) throw cause;
    throw new VerifierError(
      'ERR_COLLATERAL_UNAVAILABLE',
      `cannot read ${location}`,
      {
        cause,
        seen: cause instanceof Error ? cause.message : String(cause),
      },
      'unavailable',
    );
  }
}

async function readBundle(path: string): Promise<Collateral> {
  const { size } = await stat(path);
  if (size > MAX_BUNDLE_BYTES) {
    throw new VerifierError(
      'ERR_COLLATERAL_UNAVAILABLE',
      `${path} is too large for a bundle`,
      {
        expected: `at most ${MAX_BUNDLE_BYTES} bytes`,
        seen: `${size} bytes`,
      },
      'unavailable',
    );
  }
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VerifierError(
      'ERR_COLLATERAL_UNAVAILABLE',
      `${path} is not JSON`,
      { cause },
      'unavailable',
    );
  }
  return parseCollateral(value);
}

// Of several bundles for one platform kind, one that is valid at the time of verification goes first, and the newest
// of those. A bundle that does not fit is still tried when it is the only one: verification then says what is wrong.
function choose(
  bundles: readonly Collateral[],
  request: CollateralRequest,
  location: string,
): Collateral {
  const ranked = bundles
    .map((bundle) => ({ bundle, ...describeCollateral(bundle) }))
    .filter(({ tee, fmspc }) => tee === request.tee && fmspc === request.fmspc)
    .map((entry) => ({
      ...entry,
      current: entry.issueDate <= request.at && request.at <= entry.nextUpdate,
    }))
    .sort((a, b) =>
      a.current === b.current
        ? b.issueDate.getTime() - a.issueDate.getTime()
        : Number(b.current) - Number(a.current),
    );
  const [best] = ranked;
  const [only, ...more] = bundles;
  const chosen = best?.bundle ?? (more.length === 0 ? only : undefined);
  if (chosen !== undefined) return chosen;
  throw new VerifierError(
    'ERR_COLLATERAL_UNAVAILABLE',
    `${location} has no fitting collateral`,
    {
      expected: `${request.tee}, FMSPC ${request.fmspc}`,
      seen: `${bundles.length} bundles for other platforms`,
    },
    'unavailable',
  );
}
