// SPDX-License-Identifier: Apache-2.0
import { placeContainer, type ContainerConfig, type VmConfig } from '@proofgate/api';
import { loadedWorkloads, type RuntimeEvent } from '@proofgate/evidence';
import type { MeasuredWorkload } from './measurement/measured-workload.ts';
import type { LoadedState } from './supervision/loaded-file.ts';
import type { WorkloadRecord } from './supervision/workload-records.ts';

/** What a launcher begins with. */
export interface StartingPoint {
  /** Instead of the planned ones, where what runs is older and goes on until it has been replaced. */
  readonly measured: readonly MeasuredWorkload[];
  /** What is to replace them. */
  readonly successors: readonly ContainerConfig[];
}

/** What is known of the time before. */
export interface EarlierTime {
  readonly left: Pick<LoadedState, 'workloads' | 'fromFile'>;
  readonly records: readonly WorkloadRecord[];
  readonly events: readonly RuntimeEvent[];
  /** As the runtime does. */
  readonly measure: (container: ContainerConfig) => Promise<MeasuredWorkload>;
}

/**
 * Decides what a launcher begins with when the config file has changed since workloads were started: a container that
 * runs and is not what the file says any more goes on, and is replaced like one that is loaded at run time. Otherwise
 * nobody would be served while the new image is fetched, or for ever if it is broken.
 *
 * @param config - the file, with what was loaded beside it
 * @param planned - its workloads, measured
 * @param earlier - what ran, and as what
 */
export async function startingPoint(
  config: VmConfig,
  planned: readonly MeasuredWorkload[],
  earlier: EarlierTime,
): Promise<StartingPoint> {
  const measured: MeasuredWorkload[] = [];
  const successors: ContainerConfig[] = [];
  for (const workload of planned) {
    const before = await findRunning(config, workload, earlier);
    measured.push(before ?? workload);
    if (before !== undefined) successors.push(workload.config);
  }
  return { measured, successors };
}

async function findRunning(
  config: VmConfig,
  { config: next, imageDigest, specDigest }: MeasuredWorkload,
  { left, records, events, measure }: EarlierTime,
): Promise<MeasuredWorkload | undefined> {
  const running = records.filter(({ name }) => name === next.name);
  const asPlanned = running.some(
    (record) => record.imageDigest === imageDigest && record.specDigest === specDigest,
  );
  if (asPlanned || next.runtime !== 'container') return undefined;
  for (const known of [...left.workloads, ...left.fromFile]) {
    if (known.name !== next.name || known.runtime !== 'container') continue;
    const { container, problems } = placeContainer(config, known);
    // What does not fit the file any more, such as its host name, has to make room at once.
    if (problems.length > 0) continue;
    const measured = await measure(container);
    if (isRunning(measured, running) && isLoaded(measured, events)) return measured;
  }
  return undefined;
}

function isRunning(measured: MeasuredWorkload, records: readonly WorkloadRecord[]): boolean {
  return records.some(
    ({ imageDigest, specDigest, instance }) =>
      instance.runtime !== 'process' &&
      imageDigest === measured.imageDigest &&
      specDigest === measured.specDigest,
  );
}

function isLoaded(measured: MeasuredWorkload, events: readonly RuntimeEvent[]): boolean {
  return loadedWorkloads(events).some(
    ({ name, imageDigest, specDigest }) =>
      name === measured.config.name &&
      imageDigest === measured.imageDigest &&
      specDigest === measured.specDigest,
  );
}
