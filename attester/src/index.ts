// SPDX-License-Identifier: Apache-2.0
export { ATTESTER_ERRORS, AttesterError, type AttesterErrorCode } from './errors.ts';
export { attributeFile, type AttributeFile } from './kernel/attribute-file.ts';
export {
  configfsReports,
  TSM_REPORT_DIRECTORY,
  type ConfigfsReport,
  type ConfigfsReports,
} from './kernel/configfs-reports.ts';
export { CCEL_FILE, readFirmwareEventLog } from './kernel/firmware-event-log.ts';
export { type MeasurementRegister } from './measurement-register.ts';
export {
  openPlatform,
  SIMULATOR_SOCKET,
  type OpenPlatformOptions,
  type Platform,
} from './platform.ts';
export {
  QUOTE_QUEUE_LIMITS,
  type QuoteProvider,
  type QuoteProviderOptions,
} from './quote-provider.ts';
export { type QueueLimits } from './serial-queue.ts';
export {
  sevSnpReportProvider,
  type SnpEvidence,
  type SnpReportProvider,
} from './kernel/sev-snp-report-provider.ts';
export { type SimulatedPlatformOptions } from './simulated/client.ts';
export { simulatedQuoteProvider } from './simulated/quote-provider.ts';
export { simulatedRtmr3 } from './simulated/rtmr.ts';
export { tdxQuoteProvider } from './kernel/tdx-quote-provider.ts';
export { RTMR3_FILE, tdxRtmr3 } from './kernel/rtmr3.ts';
export { type TsmReportSource } from './kernel/tsm-report.ts';
export { type TsmSourceOptions } from './kernel/tsm-source.ts';
