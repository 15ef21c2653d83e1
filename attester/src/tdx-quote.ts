// SPDX-License-Identifier: Apache-2.0
import { parseQuote, type Quote, type ReportData } from '@proofgate/evidence';
import { AttesterError } from './errors.ts';
import { requireReportData } from './quote-provider.ts';

/**
 * Reads what a TDX platform returned and takes the quote out of it: it must parse, be a TDX quote and cover the
 * requested report data. The kernel pads quotes, and nothing signs the padding, so it is cut off.
 *
 * @param outblob - the platform's bytes
 * @param reportData - what was asked for
 * @returns the quote's own bytes
 * @throws AttesterError `ERR_ATTESTER_QUOTE_INVALID`, `ERR_ATTESTER_REPORT_DATA_MISMATCH`
 */
export function checkTdxQuote(outblob: Uint8Array, reportData: ReportData): Uint8Array {
  const quote = parse(outblob);
  if (quote.kind !== 'tdx') {
    throw new AttesterError('ERR_ATTESTER_QUOTE_INVALID', `quote kind is ${quote.kind}, not tdx`, {
      expected: 'tdx',
      seen: quote.kind,
    });
  }
  requireReportData(quote.body.reportData, reportData);
  return quote.bytes;
}

function parse(outblob: Uint8Array): Quote {
  try {
    return parseQuote(outblob);
  } catch (cause) {
    throw new AttesterError(
      'ERR_ATTESTER_QUOTE_INVALID',
      'the platform returned no readable quote',
      {
        expected: 'a TDX quote of version 4 or 5',
        cause,
      },
    );
  }
}
