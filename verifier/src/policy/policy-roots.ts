// SPDX-License-Identifier: Apache-2.0
import type { TrustedRoot, TrustedRoots } from '../roots/trust-anchor.ts';
import type { Policy, PolicyRoot } from './policy.ts';

/** What is trusted where nobody names a root. */
export const VENDORS: readonly TrustedRoot[] = ['intel', 'amd'];

/** The trust anchors that a policy accepts, by default the vendors': what a collateral cache for it is made with. */
export function policyRoots({ roots }: Policy): TrustedRoots {
  return roots?.map(toTrustedRoot) ?? VENDORS;
}

function toTrustedRoot(root: PolicyRoot): TrustedRoot {
  if (root === 'intel' || root === 'amd') return root;
  return { sha256: root.slice('sha256:'.length) };
}
