// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import {
  containerIsolationSchema,
  parseImageReference,
  parseVolume,
  type ContainerConfig,
  type ManagementEndpoint,
} from '@proofgate/api';
import { describeOptOuts } from '../container/describe-opt-outs.ts';
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
 * Makes sure that a caller may load exactly this. A program of the VM shares it with everything else, so that only root
 * of the VM loads one. Who may load single containers gets none that is more than its image: the claim names nothing else.
 *
 * @throws LauncherError ERR_LAUNCHER_CLAIM_REFUSED, ERR_LAUNCHER_ROLE_REFUSED
 */
export function authorizeLoad(caller: Caller, workload: ContainerConfig): void {
  if (caller.kind === 'local') return;
  const { name, image, runtime } = workload;
  if (caller.kind === 'token' && caller.containers !== undefined) {
    // A program of the VM has no pin that a token could name.
    const pin = image === undefined ? undefined : `sha256:${parseImageReference(image).digest}`;
    if (!caller.containers.some((listed) => listed.name === name && listed.digest === pin)) {
      throw refusedClaim(`the token does not allow "${name}" with ${pin ?? 'a program of the VM'}`);
    }
    const [excess] = beyondImage(workload);
    if (excess === undefined) return;
    throw new LauncherError(
      'ERR_LAUNCHER_CLAIM_REFUSED',
      `the token does not allow "${name}" with ${excess}`,
      { expected: 'the strictest container, without devices, secrets and volumes of others' },
    );
  }
  if (runtime !== 'process') return;
  throw new LauncherError(
    'ERR_LAUNCHER_ROLE_REFUSED',
    `"${name}" is a program of the VM, and managers load containers`,
    { expected: 'runtime: container', seen: 'runtime: process', hint: 'load it on the VM itself' },
  );
}

const STRICTEST = containerIsolationSchema.parse({});

/** What a container asks for besides its image; its own volumes do not count. */
function* beyondImage(workload: ContainerConfig): Generator<string> {
  const { name, isolation, devices, secrets, volumes } = workload;
  if (isolation === undefined || workload.runtime === 'process') yield 'a program of the VM';
  if (devices.length > 0) yield 'devices';
  if (secrets.length > 0) yield 'secrets';
  for (const volume of volumes) {
    if (!isOwnVolume(name, parseVolume(volume).host)) yield `the volume ${volume}`;
  }
  // Limits are no opt-outs: larger ones take from the others all the same.
  for (const limit of ['pids', 'nofile', 'tmp_size'] as const) {
    if (isolation !== undefined && isolation[limit] > STRICTEST[limit]) yield `isolation.${limit}`;
  }
  yield* describeOptOuts({ ...workload, volumes: [] });
}

/**
 * Whether a volume is called after a workload. Names of workloads have neither dots nor underscores, so that no other
 * one has a volume of such a name; a hyphen would leave that open.
 */
function isOwnVolume(name: string, host: string): boolean {
  const volume = basename(host);
  return volume === name || volume.startsWith(`${name}.`) || volume.startsWith(`${name}_`);
}

function refusedClaim(problem: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_CLAIM_REFUSED', problem, {
    expected: 'a container that the containers claim lists',
  });
}
