// SPDX-License-Identifier: Apache-2.0
export { LAUNCHER_ERRORS, LauncherError, type LauncherErrorCode } from './errors.ts';
export { describeExit, type ExitReason } from './supervision/exit-reason.ts';
export { startLauncher } from './launcher.ts';
export type { AcceptedWorkload, LauncherDeps, RunningLauncher } from './running-launcher.ts';
export { describeOptOuts } from './container/describe-opt-outs.ts';
export type { MeasuredWorkload } from './measurement/measured-workload.ts';
export {
  planMeasurements,
  type MeasurementPlan,
  type PlannedExtension,
  type PlannedHost,
  type PlannedPlatform,
  type PlannedWorkload,
} from './measurement/measurement-plan.ts';
export type { ReplacementSummary, WorkloadSummary } from './supervision/workload-summary.ts';
export type { PlatformFiles } from './measurement/platform-files.ts';
export { finishCa, type CaPlaces } from './measurement/staged-ca.ts';
export { SUPERVISION_TIMING, type SupervisionTiming } from './supervision/supervision-timing.ts';
export type { WorkloadState, WorkloadStatus } from './supervision/workload-status.ts';
