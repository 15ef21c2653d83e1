// SPDX-License-Identifier: Apache-2.0
import type { Collateral } from '@proofgate/evidence';
import type { Policy } from '@proofgate/verifier';

/** What the clients of a host have to prove. */
export interface RouteClients {
  /** Whether a client that shows no evidence is served. */
  readonly mode: 'optional' | 'required';
  /** Names everything that is here: what was proved under other rules has to be proved again. */
  readonly id: string;
  readonly policy: Policy;
  readonly settings: ClientSettings;
}

/** How evidence of clients is judged, the same for all hosts. */
export interface ClientSettings {
  /** Names everything that is here. */
  readonly id: string;
  readonly collateral: ClientCollateral;
  /** DER roots that have to vouch for clients' certificates; without them, what these say is nobody's word. */
  readonly caRoots: readonly Uint8Array[] | undefined;
  /** How long a client counts as proved. */
  readonly maxAgeMs: number;
  /** Also tells upstreams about clients under the names of Enclave OS. */
  readonly privasysHeaders: boolean;
}

/** Where collateral for clients' evidence comes from. */
export type ClientCollateral =
  /** Clients send it beside their evidence. */
  | { readonly kind: 'stapled' }
  | { readonly kind: 'bundles'; readonly bundles: readonly Collateral[]; readonly from: string }
  | { readonly kind: 'service'; readonly url: string };
