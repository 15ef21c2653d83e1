// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';
import type { Packed } from './messages.ts';

/** Containerd hands both to the OCI runtime as they are, in JSON. */
const TYPE_PREFIX = 'types.containerd.io/opencontainers/runtime-spec/1/';

/** Packs what an OCI runtime is told about a container. */
export function packSpec(spec: object): Packed {
  return { typeUrl: `${TYPE_PREFIX}Spec`, value: Buffer.from(JSON.stringify(spec)) };
}

/**
 * Packs what an OCI runtime is told about a further program in a container: what it was told about the first one, with
 * other arguments, so that both are confined alike.
 *
 * @param spec - as {@link packSpec} made it, as it is stored with the container
 * @throws LauncherError ERR_LAUNCHER_ENGINE_REFUSED when it is not such a document
 */
export function packProcess(spec: Packed | null, args: readonly string[]): Packed {
  const first = spec === null ? undefined : processIn(spec.value);
  if (first === undefined) {
    throw new LauncherError(
      'ERR_LAUNCHER_ENGINE_REFUSED',
      'the specification that containerd has of a container is not one of ours',
    );
  }
  const process = { ...first, args, terminal: false };
  return { typeUrl: `${TYPE_PREFIX}Process`, value: Buffer.from(JSON.stringify(process)) };
}

function processIn(bytes: Uint8Array): object | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('process' in parsed)) return undefined;
  const { process } = parsed;
  return typeof process === 'object' && process !== null ? process : undefined;
}
