// SPDX-License-Identifier: Apache-2.0
import { serialised, type QuoteProvider, type QuoteProviderOptions } from '../quote-provider.ts';
import { checkTdxQuote } from '../tdx-quote.ts';
import { takeTsmReport } from './tsm-report.ts';
import { tsmReportSource, type TsmSourceOptions } from './tsm-source.ts';

/**
 * Quotes of the Intel TDX module, over Linux's configfs-tsm.
 *
 * @param options - where the kernel is and how it is spoken to; the defaults are the real ones
 * @returns the provider
 *
 * @example
 * ```ts
 * const quotes = tdxQuoteProvider();
 * const quote = await quotes.quote(deterministicReportData(spki, notBefore));
 * ```
 */
export function tdxQuoteProvider(
  options: QuoteProviderOptions & TsmSourceOptions = {},
): QuoteProvider {
  const source = tsmReportSource(options);
  return {
    tee: 'tdx',
    simulated: false,
    quote: serialised(async (reportData, signal) => {
      const { outblob } = await takeTsmReport(
        source,
        { provider: 'tdx_guest', inblob: reportData },
        signal,
      );
      return checkTdxQuote(outblob, reportData);
    }, options),
  };
}
