// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toHex } from '@proofgate/evidence';
import { serialised, type QuoteProvider, type QuoteProviderOptions } from '../quote-provider.ts';
import {
  askSimulatedPlatform,
  badAnswer,
  fieldsOf,
  type SimulatedPlatformOptions,
} from './client.ts';
import { checkTdxQuote } from '../tdx-quote.ts';

/**
 * Quotes of a simulated TDX platform. They have the form of real ones and prove nothing about hardware: their
 * root of trust is the simulator's own.
 *
 * @param options - where the simulated platform listens
 * @returns the provider, marked as simulated
 */
export function simulatedQuoteProvider(
  options: SimulatedPlatformOptions & QuoteProviderOptions,
): QuoteProvider {
  return {
    tee: 'tdx',
    simulated: true,
    quote: serialised(async (reportData, signal) => {
      const answer = await askSimulatedPlatform(options, {
        method: 'POST',
        path: '/v1/quote',
        body: { reportData: toHex(reportData) },
        signal,
      });
      return checkTdxQuote(readQuote(answer), reportData);
    }, options),
  };
}

function readQuote(answer: unknown): Uint8Array {
  const quote = fieldsOf(answer).get('quote');
  if (typeof quote !== 'string') throw badAnswer('field quote is not text');
  try {
    return fromBase64(quote);
  } catch (cause) {
    throw badAnswer('field quote is not base64', cause);
  }
}
