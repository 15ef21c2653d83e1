// SPDX-License-Identifier: Apache-2.0
import { parseSnpReport, type ReportData, type SnpReport } from '@proofgate/evidence';
import { AttesterError } from '../errors.ts';
import {
  requireReportData,
  serialised,
  type QuoteProvider,
  type QuoteProviderOptions,
} from '../quote-provider.ts';
import { takeTsmReport } from './tsm-report.ts';
import { tsmReportSource, type TsmSourceOptions } from './tsm-source.ts';

/** An SEV-SNP attestation report and the certificates that the host handed out with it. */
export interface SnpEvidence {
  /** The report, 1184 bytes. */
  readonly report: Uint8Array;
  /** GHCB certificate table (GUID, offset, length; then the certificates); empty when the host supplies none. */
  readonly certificateTable: Uint8Array;
}

/** A provider whose host may also supply the certificates. */
export interface SnpReportProvider extends QuoteProvider {
  /**
   * Makes one report and reads the certificate table that belongs to it.
   *
   * @param reportData - the 64 bytes that the report shall cover
   * @param signal - gives up waiting
   * @returns the report, compared with `reportData`, and the unchecked table
   * @throws AttesterError
   */
  evidence(reportData: ReportData, signal?: AbortSignal): Promise<SnpEvidence>;
}

/**
 * Reports of the AMD SEV-SNP firmware, over Linux's configfs-tsm.
 *
 * @param options - where the kernel is and how it is spoken to; the defaults are the real ones
 * @returns the provider
 */
export function sevSnpReportProvider(
  options: QuoteProviderOptions & TsmSourceOptions = {},
): SnpReportProvider {
  const source = tsmReportSource(options);
  const evidence = serialised(async (reportData, signal): Promise<SnpEvidence> => {
    const { outblob, auxblob } = await takeTsmReport(
      source,
      { provider: 'sev_guest', inblob: reportData, auxblob: true },
      signal,
    );
    requireReportData(parse(outblob).reportData, reportData);
    return { report: outblob, certificateTable: auxblob };
  }, options);
  return {
    tee: 'sev-snp',
    simulated: false,
    evidence,
    quote: async (reportData, signal) => (await evidence(reportData, signal)).report,
  };
}

function parse(outblob: Uint8Array): SnpReport {
  try {
    return parseSnpReport(outblob);
  } catch (cause) {
    throw new AttesterError(
      'ERR_ATTESTER_QUOTE_INVALID',
      'the platform returned no readable SEV-SNP report',
      { expected: 'a report of 1184 bytes', seen: `${outblob.length} bytes`, cause },
    );
  }
}
