// SPDX-License-Identifier: Apache-2.0
import { verifyConfinement } from '../container/confinement/verify-confinement.ts';
import type { EngineContainer } from '../container/container-engine.ts';
import type { ContainerPreparation } from '../container/container-preparation.ts';
import { CONTAINER_LABELS } from '../container/container-spec.ts';
import { LauncherError } from '../errors.ts';
import type { VerifiedImage } from '../image/verified-image.ts';
import type { MeasuredWorkload } from '../measurement/measured-workload.ts';

/** A container that an earlier launcher has started, and what it has to be. */
export interface AdoptionCandidate {
  readonly found: EngineContainer;
  readonly measured: MeasuredWorkload;
  readonly image: VerifiedImage;
  readonly preparation: ContainerPreparation;
}

/** Where a directory comes from does not show in a container, only where it is mounted. */
const SOMEWHERE = '/';

/**
 * Makes sure that a container which runs is the one that was measured, and as confined as it was at its start: engines
 * let anybody with their socket change what they run while no launcher looks.
 *
 * @param candidate - the container
 * @throws LauncherError ERR_LAUNCHER_HARDENING_MISSING naming what differs; ERR_LAUNCHER_START_FAILED when it has ended
 */
export async function verifyAdoption(candidate: AdoptionCandidate): Promise<void> {
  const { found, measured, image, preparation } = candidate;
  const { config, imageDigest, specDigest } = measured;
  const labels = [
    [CONTAINER_LABELS.workload, config.name],
    [CONTAINER_LABELS.image, `sha256:${imageDigest}`],
    [CONTAINER_LABELS.spec, specDigest],
  ] as const;
  for (const [name, expected] of labels) {
    const seen = found.labels[name] ?? 'absent';
    if (seen !== expected) throw another(found.id, `label ${name}`, expected, seen);
  }
  if (found.pid === undefined) throw another(found.id, 'its process', 'one', 'absent');
  const spec = await preparation.describe({
    id: found.id,
    workload: config,
    image,
    specDigest,
    socketDirectory: SOMEWHERE,
    storage: config.storage === undefined ? undefined : SOMEWHERE,
  });
  await verifyConfinement(found.pid, spec, { started: true });
}

function another(id: string, field: string, expected: string, seen: string): LauncherError {
  const message = `container ${id} is not the one that was started: ${field} is ${seen}, expected ${expected}`;
  return new LauncherError('ERR_LAUNCHER_HARDENING_MISSING', message, { expected, seen });
}
