// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import { LauncherError } from '../errors.ts';
import type { ImageConfig } from '../image/verified-image.ts';

/** Where a container finds the init. The file system on /dev is the launcher's own, so no image can be in the way. */
export const INIT_TARGET = '/dev/init';

/**
 * The program of a container and its arguments: the declared command instead of the image's entrypoint and command,
 * started by the init where there is one.
 *
 * @param workload - the container
 * @param image - configuration of its image
 * @param init - whether {@link INIT_TARGET} is there
 * @returns program and arguments
 * @throws LauncherError ERR_LAUNCHER_COMMAND_INVALID when neither says what to run
 */
export function containerArguments(
  workload: ContainerConfig,
  image: ImageConfig,
  init: boolean,
): readonly string[] {
  const { command } = workload;
  const args = command.length > 0 ? command : [...image.entrypoint, ...image.cmd];
  if (args.length === 0 || args[0] === '') {
    throw new LauncherError(
      'ERR_LAUNCHER_COMMAND_INVALID',
      `the image of workload ${workload.name} does not say what to run`,
      { expected: 'an entrypoint or a command', seen: 'neither', hint: 'set "command"' },
    );
  }
  return init ? [INIT_TARGET, '--', ...args] : args;
}
