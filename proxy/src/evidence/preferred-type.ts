// SPDX-License-Identifier: Apache-2.0

/** Longest `Accept` that is looked at; browsers send some 150 characters. */
const MAX_ACCEPT_CHARACTERS = 1_024;

/** A quality value (RFC 9110, section 12.4.2). */
const QUALITY = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The type among those on offer that a client likes best (RFC 9110, section 12.5.1).
 *
 * @param accept value of `Accept`, several joined by commas; `undefined` for none
 * @param offers media types; the first is given when nothing else is preferred, or nothing can be read
 */
export function preferredType<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  const [fallback] = offers;
  if (accept === undefined || accept.length > MAX_ACCEPT_CHARACTERS) return fallback;
  const ranges = accept.split(',').map(readRange);
  let best = { offer: fallback, quality: qualityOf(fallback, ranges) };
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > best.quality) best = { offer, quality };
  }
  return best.offer;
}

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

function readRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
  return { type, quality: QUALITY.test(quality) ? Number(quality) : 0 };
}

/** Of the most specific range that covers the type. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const [major = ''] = offer.split('/');
  for (const type of [offer, `${major}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === type);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
