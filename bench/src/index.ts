// SPDX-License-Identifier: Apache-2.0
export { benchLauncher } from './launcher/bench-launcher.ts';
export type { BenchLauncherOptions } from './launcher/bench-launcher.ts';
export type { LauncherPace } from './launcher/launcher-cases.ts';
export { LatencyHistogram } from './load/latency-histogram.ts';
export type { LoadPlan, LoadResult } from './load/load-plan.ts';
export { ResponseReader } from './load/response-reader.ts';
export type { HttpResponse } from './load/response-reader.ts';
export { runLoad } from './load/run-load.ts';
export { processUsage } from './processes/process-usage.ts';
export type { ProcessUsage } from './processes/process-usage.ts';
export { pinned } from './processes/pinned-command.ts';
export type { CommandLine } from './processes/pinned-command.ts';
export { compareTargets } from './proxy/compare-targets.ts';
export type { ComparedTarget, Comparison } from './proxy/compare-targets.ts';
export type { LoadRunner } from './proxy/measure-target.ts';
export type { Pace } from './proxy/workloads.ts';
export {
  compareRounds,
  median,
  meetsTarget,
  renderReport,
  thisMachine,
} from './report/bench-report.ts';
export type { BenchCase, BenchReport, CaseDescription, Machine } from './report/bench-report.ts';
export { createBenchPki } from './targets/bench-pki.ts';
export type { BenchPki } from './targets/bench-pki.ts';
export { payload, payloadHandler } from './targets/payload-handler.ts';
export { createBenchEvidence } from './verifier/bench-evidence.ts';
export type { BenchEvidence } from './verifier/bench-evidence.ts';
export { benchVerifier } from './verifier/bench-verifier.ts';
export type { BenchVerifierOptions } from './verifier/bench-verifier.ts';
export { CONTENDERS, createContenders } from './verifier/contenders.ts';
export type { ContenderName, Operation } from './verifier/contenders.ts';
export { measureRates } from './verifier/measure-rates.ts';
export type { Rates, VerifierPace } from './verifier/measure-rates.ts';
export { browserCases, nodeCases } from './verifier/verifier-cases.ts';
