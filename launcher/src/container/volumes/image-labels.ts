// SPDX-License-Identifier: Apache-2.0
import { parseVolume, type ContainerConfig, type Volume } from '@proofgate/api';
import { LauncherError } from '../../errors.ts';
import type { ImageConfig } from '../../image/verified-image.ts';

/** Labels of Enclave OS by which an image asks for more than it contains. */
const VOLUME_LABEL = 'ai.privasys.volume';
const DEVICES_LABEL = 'ai.privasys.devices';

/** What a container asks for besides its image. */
export interface ContainerWishes {
  readonly volumes: readonly Volume[];
  /** Absolute paths. */
  readonly devices: readonly string[];
}

/**
 * Lists the volumes and devices of a container: those of its configuration, and those that its image's labels ask for
 * where the configuration lets them.
 *
 * @param workload - the container
 * @param image - configuration of its image
 * @returns what it asks for
 * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when a label cannot be read
 */
export function containerWishes(workload: ContainerConfig, image: ImageConfig): ContainerWishes {
  const allowed = workload.isolation?.image_labels;
  const volumeLabel = allowed?.volumes === true ? image.labels[VOLUME_LABEL] : undefined;
  const deviceLabel = allowed?.devices === true ? image.labels[DEVICES_LABEL] : undefined;
  return {
    volumes: [
      ...workload.volumes.map((text) => parseVolume(text)),
      ...(volumeLabel === undefined ? [] : [parseVolumeLabel(workload.name, volumeLabel)]),
    ],
    devices: [
      ...new Set([
        ...workload.devices,
        ...(deviceLabel === undefined ? [] : parseDeviceLabel(workload.name, deviceLabel)),
      ]),
    ],
  };
}

/** As a volume of the configuration, but read-only unless it says `rw`. */
function parseVolumeLabel(workload: string, label: string): Volume {
  try {
    return parseVolume(label.split(':').length === 2 ? `${label}:ro` : label);
  } catch (cause) {
    throw badLabel(workload, VOLUME_LABEL, 'host:container', label, cause);
  }
}

function parseDeviceLabel(workload: string, label: string): readonly string[] {
  const paths = label
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
  if (paths.every((path) => path.startsWith('/'))) return paths;
  throw badLabel(workload, DEVICES_LABEL, 'absolute paths', label);
}

function badLabel(
  workload: string,
  label: string,
  expected: string,
  text: string,
  cause?: unknown,
): LauncherError {
  return new LauncherError(
    'ERR_LAUNCHER_VOLUME_REFUSED',
    `label ${label} of the image of workload ${workload} cannot be read`,
    { expected, seen: text.slice(0, 200), cause },
  );
}
