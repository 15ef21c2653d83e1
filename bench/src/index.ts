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
export { readH2load, readWrk } from './load/http-tools.ts';
export type { LoadOutcome } from './load/http-tools.ts';
export { requirePrograms } from './processes/required-programs.ts';
export type { Contender } from './proxy/contenders/contender.ts';
export { runBenchmark } from './program/run-benchmark.ts';
export type { BenchmarkProcess } from './program/run-benchmark.ts';
export type { AskedFor, Benchmark } from './program/benchmark.ts';
export { measureRounds } from './proxy/measure-rounds.ts';
export type { Rounds, Sample, Samples } from './proxy/measure-rounds.ts';
export { proxyCases } from './proxy/proxy-cases.ts';
export type { Measurements } from './proxy/proxy-cases.ts';
export type { ScenarioName } from './proxy/scenarios.ts';
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
