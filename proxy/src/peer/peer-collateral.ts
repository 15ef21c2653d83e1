// SPDX-License-Identifier: Apache-2.0
import { fromUtf8, parseCollateral } from '@proofgate/evidence';
import {
  createCollateralCache,
  endorsementsFromPem,
  fetchCollateral,
  policyRoots,
  type CollateralCache,
  type CollateralSource,
  type Fetch,
  type JudgingOptions,
  type Tee,
} from '@proofgate/verifier';
import { bundleSource } from '@proofgate/verifier/node';
import type { ClientCollateral, RouteClients } from './route-clients.ts';

/** What a client's evidence is verified with, as far as the verifier takes it from outside. */
export type PeerCollateral = Pick<JudgingOptions, 'collateral' | 'endorsements'>;

/** Sets of roots that the policies of one configuration name, and those of some configurations before it. */
const MAX_CACHES = 64;

/** Collateral for clients' evidence; what comes from elsewhere than the clients is fetched and verified once. */
export class PeerCollateralStore {
  private readonly call: Fetch;
  private readonly caches = new Map<string, CollateralCache>();

  /** @param call reaches the service, if there is one */
  constructor(call: Fetch) {
    this.call = call;
  }

  /**
   * @param stapled what the client has sent beside its evidence: a bundle as JSON, or AMD's chain as PEM, which vouches for
   *   itself up to AMD's root and does not age
   * @throws EvidenceError, VerifierError, SyntaxError for what cannot be read
   */
  find(rules: RouteClients, tee: Tee, stapled: Uint8Array | undefined): PeerCollateral {
    if (tee === 'sev-snp') {
      return stapled === undefined ? {} : { endorsements: endorsementsFromPem(fromUtf8(stapled)) };
    }
    const { collateral } = rules.settings;
    if (collateral.kind !== 'stapled') return { collateral: this.cacheOf(rules, collateral) };
    if (stapled === undefined) return {};
    const bundle: unknown = JSON.parse(fromUtf8(stapled));
    return { collateral: parseCollateral(bundle) };
  }

  private cacheOf(
    { settings, policy }: RouteClients,
    collateral: Exclude<ClientCollateral, { kind: 'stapled' }>,
  ): CollateralCache {
    const key = `${settings.id} ${policy.roots?.join() ?? ''}`;
    const known = this.caches.get(key);
    if (known !== undefined) return known;
    const cache = createCollateralCache(this.sourceOf(collateral), policyRoots(policy));
    this.caches.set(key, cache);
    const [oldest] = this.caches.keys();
    if (this.caches.size > MAX_CACHES && oldest !== undefined) this.caches.delete(oldest);
    return cache;
  }

  private sourceOf(collateral: Exclude<ClientCollateral, { kind: 'stapled' }>): CollateralSource {
    if (collateral.kind === 'bundles') return bundleSource(collateral.bundles, collateral.from);
    return (request) => fetchCollateral(request, { url: collateral.url, fetch: this.call });
  }
}
