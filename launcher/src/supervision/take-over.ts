// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import { loadedWorkloads, type LoadedWorkload, type RuntimeEvent } from '@proofgate/evidence';
import type { EventLog } from '../measurement/event-log.ts';
import type { MeasurementPlan, PlannedWorkload } from '../measurement/measurement-plan.ts';
import type { RunningInstance, Runtime } from './runtime.ts';
import type { TakenOver } from './workload-fleet.ts';
import type { KeyedRecord, WorkloadRecord, WorkloadRecords } from './workload-records.ts';

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
 * workload is in the log exactly as planned, nothing else is, and nothing runs but what is returned. A version that was
 * being replaced when the earlier launcher died is the exception: it runs and stays in the log until those who were sent
 * there have gone.
 *
 * A running workload is kept only if the log of this boot says that exactly this was loaded. After a restart of the
 * platform the log is empty, so whatever survived it is ended first.
 *
 * @param options - plan, runtime, records and log
 * @returns what is kept, by the name of the workload
 * @throws LauncherError ERR_LAUNCHER_STOP_FAILED or ERR_LAUNCHER_EVENT_LOG_MISMATCH
 */
export async function takeOver(options: TakeOverOptions): Promise<ReadonlyMap<string, TakenOver>> {
  const { plan, runtime, log, logger, stopGraceMs } = options;
  const loaded = loadedWorkloads(log.events);
  const taken = await sortRecords(options, loaded);
  const kept = [...taken].flatMap(([workload, { instance, leftovers }]) =>
    [instance, ...leftovers.map((leftover) => leftover.instance)].map(({ record }) => ({
      workload,
      record,
    })),
  );
  for (const stray of await runtime.findStrays(kept)) {
    logger.warn({ instance: stray.record }, 'ending a workload that was never recorded');
    await stray.stop(stopGraceMs);
  }
  await bringLogUpToDate(log, plan, loaded, taken);
  return taken;
}

/** A recorded workload that runs, as it is to be and as it is in the log, or not. */
interface Found {
  readonly name: string;
  readonly instance: RunningInstance;
  readonly key: string;
  readonly asPlanned: boolean;
  /** Those of the log that say of it that it was loaded. */
  readonly events: readonly RuntimeEvent[];
}

/** Keeps what is as planned, and beside it what it had replaced; ends the rest. */
async function sortRecords(
  options: TakeOverOptions,
  loaded: readonly LoadedWorkload[],
): Promise<ReadonlyMap<string, TakenOver>> {
  const { records, logger, stopGraceMs } = options;
  const found = await Promise.all(
    records.list().map((record) => findRecorded(options, record, loaded)),
  );
  const present = found.filter((entry) => entry !== undefined);
  const taken = new Map<string, TakenOver>();
  for (const { name, instance, key, asPlanned } of present) {
    if (!asPlanned || taken.has(name)) continue;
    logger.info({ workload: name, instance: instance.record }, 'workload adopted');
    const leftovers = present
      .filter(
        (other) => other.name === name && other.instance !== instance && other.events.length > 0,
      )
      .map(({ instance, events, key }) => ({
        ...{ instance, events },
        forget: () => records.remove(key),
      }));
    taken.set(name, { instance, key, leftovers });
  }
  const kept = new Set(
    [...taken.values()].flatMap(({ instance, leftovers }) => [
      instance,
      ...leftovers.map((leftover) => leftover.instance),
    ]),
  );
  const end = async ({ name, instance, key }: Found): Promise<void> => {
    logger.info({ workload: name, instance: instance.record }, 'ending an outdated workload');
    await instance.stop(stopGraceMs);
    await records.remove(key);
  };
  await Promise.all(present.filter(({ instance }) => !kept.has(instance)).map(end));
  return taken;
}

async function findRecorded(
  { plan, runtime, records }: TakeOverOptions,
  record: KeyedRecord,
  loaded: readonly LoadedWorkload[],
): Promise<Found | undefined> {
  const { name, key } = record;
  const planned = plan.workloads.find(({ measured }) => measured.config.name === name);
  const inLog = loaded.filter((entry) => entry.name === name && isRecorded(entry, record));
  const asPlanned = planned !== undefined && inLog.some((entry) => isAsPlanned(entry, planned));
  const measured = asPlanned ? planned.measured : undefined;
  const instance = await runtime.adopt(record.instance, measured);
  if (instance !== undefined) {
    return { name, instance, key, asPlanned, events: inLog.map(loadEvent) };
  }
  await records.remove(key);
  return undefined;
}

/** Unloads before loads, so that a name is never loaded twice; both in one step for what runs meanwhile. */
async function bringLogUpToDate(
  log: EventLog,
  plan: MeasurementPlan,
  loaded: readonly LoadedWorkload[],
  taken: ReadonlyMap<string, TakenOver>,
): Promise<void> {
  const names = new Set(loaded.map(({ name }) => name));
  for (const { measured } of plan.workloads) names.delete(measured.config.name);
  for (const name of names) await log.record({ type: 'proofgate.workload.unload', name });
  const ca = caOf(log.events);
  if (ca === undefined) {
    await log.record(plan.platform.event);
  } else if (ca !== plan.files.caSpkiSha256) {
    await log.record({ type: 'proofgate.ca', ca_spki_sha256: plan.files.caSpkiSha256 });
  }
  for (const planned of plan.workloads) {
    const { name } = planned.measured.config;
    // A version that has lost its place leaves the log when it has ended.
    if ((taken.get(name)?.leftovers.length ?? 0) > 0) continue;
    const same = loaded.filter((workload) => workload.name === name);
    if (same.length === 0) await log.record(planned.event);
    else if (same.length > 1 || !same.every((workload) => isAsPlanned(workload, planned))) {
      await log.record({ type: 'proofgate.workload.unload', name }, planned.event);
    }
  }
}

function isRecorded(loaded: LoadedWorkload, record: WorkloadRecord): boolean {
  return loaded.imageDigest === record.imageDigest && loaded.specDigest === record.specDigest;
}

function isAsPlanned(loaded: LoadedWorkload, { measured, root }: PlannedWorkload): boolean {
  return (
    loaded.imageRef === measured.imageRef &&
    loaded.imageDigest === measured.imageDigest &&
    loaded.configRoot === root &&
    loaded.specDigest === measured.specDigest
  );
}

/** The event that a workload of the log comes from. */
function loadEvent({
  name,
  imageRef: image_ref,
  imageDigest: image_digest,
  configRoot: config_root,
  specDigest: spec_digest,
}: LoadedWorkload): RuntimeEvent {
  const fields = { name, image_ref, image_digest, config_root, spec_digest };
  return { type: 'proofgate.workload.load', ...fields };
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
