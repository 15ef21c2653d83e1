// SPDX-License-Identifier: Apache-2.0
import { parseImageReference, type ContainerConfig, type ManagementEndpoint } from '@proofgate/api';
import { LauncherError } from '../errors.ts';
import type { TokenHolder } from './remote-callers.ts';

/** Who makes a request. */
export type Caller =
  /** Root of this VM, on the local socket: may do everything. */
  | { readonly kind: 'local' }
  /** Somebody who said nothing about themselves. */
  | { readonly kind: 'anonymous' }
  | ({ readonly kind: 'token' } & TokenHolder);

/**
 * Makes sure that a caller may use an endpoint on what its path names. A token that is limited to some containers is
 * for nothing else: neither for other containers nor for the platform.
 *
 * @param name - in the path, empty when there is none
 * @throws LauncherError ERR_LAUNCHER_TOKEN_MISSING, ERR_LAUNCHER_ROLE_REFUSED, ERR_LAUNCHER_CLAIM_REFUSED
 */
export function authorize(caller: Caller, endpoint: ManagementEndpoint, name: string): void {
  if (endpoint.role === 'none' || caller.kind === 'local') return;
  if (caller.kind === 'anonymous') {
    throw new LauncherError('ERR_LAUNCHER_TOKEN_MISSING', 'this needs a token', {
      expected: 'Authorization: Bearer and a token of the configured issuer',
    });
  }
  if (endpoint.role === 'manager' && caller.role !== 'manager') {
    throw new LauncherError('ERR_LAUNCHER_ROLE_REFUSED', 'this is for managers', {
      expected: 'manager',
      seen: caller.role,
    });
  }
  if (caller.containers === undefined) return;
  if (endpoint.scope === 'platform') throw refusedClaim('the token is for single containers');
  const listed = caller.containers.some((allowed) => allowed.name === name);
  if (endpoint.scope === 'container' && !listed) {
    throw refusedClaim(`the token is not for a container "${name}"`);
  }
}

/**
 * Makes sure that a caller may load exactly this.
 *
 * @throws LauncherError ERR_LAUNCHER_CLAIM_REFUSED
 */
export function authorizeLoad(caller: Caller, { name, image }: ContainerConfig): void {
  if (caller.kind !== 'token' || caller.containers === undefined) return;
  // A program of the VM has no pin that a token could name.
  const pin = image === undefined ? undefined : `sha256:${parseImageReference(image).digest}`;
  if (caller.containers.some((allowed) => allowed.name === name && allowed.digest === pin)) return;
  throw refusedClaim(`the token does not allow "${name}" with ${pin ?? 'a program of the VM'}`);
}

function refusedClaim(problem: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_CLAIM_REFUSED', problem, {
    expected: 'a container that the containers claim lists',
  });
}
