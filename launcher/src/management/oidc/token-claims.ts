// SPDX-License-Identifier: Apache-2.0
import { containersClaimSchema, type AllowedContainer } from '@proofgate/api';
import { LauncherError } from '../../errors.ts';

/**
 * Every role that a token carries: in the configured claim, which is a list or an object whose keys are the roles, in
 * `roles` and in `realm_access.roles`. What has another form gives no role.
 */
export function rolesOf(claims: object, roleClaim: string): ReadonlySet<string> {
  return new Set([
    ...listed(memberOf(claims, roleClaim)),
    ...listed(memberOf(claims, 'roles')),
    ...listed(memberOf(memberOf(claims, 'realm_access'), 'roles')),
  ]);
}

/**
 * The containers that a token is limited to.
 *
 * @returns `undefined` when it is not limited; an empty list allows nothing
 * @throws LauncherError ERR_LAUNCHER_CLAIM_REFUSED for a claim that cannot be read: it was meant to limit something
 */
export function allowedContainers(claims: object): readonly AllowedContainer[] | undefined {
  if (!Object.hasOwn(claims, 'containers')) return undefined;
  const outcome = containersClaimSchema.safeParse(memberOf(claims, 'containers'));
  if (outcome.success) return outcome.data;
  throw new LauncherError('ERR_LAUNCHER_CLAIM_REFUSED', 'the containers claim cannot be read', {
    expected: 'a list of objects with name and digest (sha256: and 64 lower-case hex digits)',
  });
}

function listed(roles: unknown): readonly string[] {
  if (Array.isArray(roles)) return roles.filter((role) => typeof role === 'string');
  return typeof roles === 'object' && roles !== null ? Object.keys(roles) : [];
}

function memberOf(owner: unknown, name: string): unknown {
  if (typeof owner !== 'object' || owner === null || !Object.hasOwn(owner, name)) return undefined;
  const value: unknown = Reflect.get(owner, name);
  return value;
}
