// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { loadedWorkloads, type LoadedWorkload, type RuntimeEvent } from '@proofgate/evidence';
import type { EventLog } from '../measurement/event-log.ts';
import type { MeasurementPlan, PlannedWorkload } from '../measurement/measurement-plan.ts';
import type { RunningInstance, Runtime } from './runtime.ts';
import type { WorkloadRecord, WorkloadRecords } from './workload-records.ts';

/** What taking over needs. */
export interface TakeOverOptions {
  readonly plan: MeasurementPlan;
  readonly runtime: Runtime;
  readonly records: WorkloadRecords;
  readonly log: EventLog;
  readonly logger: Logger;
  /** Time between SIGTERM and SIGKILL, in milliseconds. */
  readonly stopGraceMs: number;
}

/**
 * Brings what an earlier launcher left into line with the plan, and the event log with both. Afterwards every planned
 * workload is in the log exactly as planned, nothing else is, and nothing runs but what is returned.
 *
 * A running workload is kept only if the log of this boot says that exactly this was loaded. After a restart of the
 * platform the log is empty, so whatever survived it is ended first.
 *
 * @param options - plan, runtime, records and log
 * @returns the running instances to be kept, by the name of their workload
 * @throws LauncherError ERR_LAUNCHER_STOP_FAILED or ERR_LAUNCHER_EVENT_LOG_MISMATCH
 */
export async function takeOver(
  options: TakeOverOptions,
): Promise<ReadonlyMap<string, RunningInstance>> {
  const { plan, runtime, log, logger, stopGraceMs } = options;
  const loaded = loadedWorkloads(log.events);
  const asPlanned = new Map<string, PlannedWorkload>();
  for (const planned of plan.workloads) {
    const { name } = planned.measured.config;
    const same = loaded.filter((workload) => workload.name === name);
    if (same.length > 0 && same.every((workload) => isAsPlanned(workload, planned))) {
      asPlanned.set(name, planned);
    }
  }
  const adopted = await sortRecords(options, asPlanned);
  for (const stray of await runtime.findStrays(new Set(adopted.keys()))) {
    logger.warn({ instance: stray.record }, 'ending a process that was never recorded');
    await stray.stop(stopGraceMs);
  }
  await bringLogUpToDate(log, plan, loaded, asPlanned);
  return adopted;
}

/** Adopts what is as planned, ends the rest. */
async function sortRecords(
  { runtime, records, logger, stopGraceMs }: TakeOverOptions,
  asPlanned: ReadonlyMap<string, PlannedWorkload>,
): Promise<Map<string, RunningInstance>> {
  const adopted = new Map<string, RunningInstance>();
  const sort = async (record: WorkloadRecord): Promise<void> => {
    const { name } = record;
    const instance = await runtime.adopt(record.instance);
    const planned = asPlanned.get(name)?.measured;
    const same =
      planned?.specDigest === record.specDigest && planned.imageDigest === record.imageDigest;
    if (instance !== undefined && same) {
      logger.info({ workload: name, instance: record.instance }, 'workload adopted');
      adopted.set(name, instance);
      return;
    }
    if (instance !== undefined) {
      logger.info({ workload: name, instance: record.instance }, 'ending an outdated workload');
      await instance.stop(stopGraceMs);
    }
    await records.remove(name);
  };
  await Promise.all(records.list().map(sort));
  return adopted;
}

/** Unloads before loads, so that a name is never loaded twice. */
async function bringLogUpToDate(
  log: EventLog,
  plan: MeasurementPlan,
  loaded: readonly LoadedWorkload[],
  asPlanned: ReadonlyMap<string, PlannedWorkload>,
): Promise<void> {
  for (const name of new Set(loaded.map((workload) => workload.name))) {
    if (!asPlanned.has(name)) await log.record({ type: 'proofgate.workload.unload', name });
  }
  const ca = caOf(log.events);
  if (ca === undefined) {
    await log.record(plan.platform.event);
  } else if (ca !== plan.files.caSpkiSha256) {
    await log.record({ type: 'proofgate.ca', ca_spki_sha256: plan.files.caSpkiSha256 });
  }
  for (const { measured, event } of plan.workloads) {
    if (!asPlanned.has(measured.config.name)) await log.record(event);
  }
}

function isAsPlanned(loaded: LoadedWorkload, { measured, root }: PlannedWorkload): boolean {
  return (
    loaded.imageRef === measured.imageRef &&
    loaded.imageDigest === measured.imageDigest &&
    loaded.configRoot === root &&
    loaded.specDigest === measured.specDigest
  );
}

/** The CA that issues certificates at the end of a log; `undefined` before the platform's event. */
function caOf(events: readonly RuntimeEvent[]): string | undefined {
  let ca: string | undefined;
  for (const event of events) {
    if (event.type === 'proofgate.platform' || event.type === 'proofgate.ca') {
      ca = event.ca_spki_sha256;
    }
  }
  return ca;
}
