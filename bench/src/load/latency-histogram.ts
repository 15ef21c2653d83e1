// SPDX-License-Identifier: Apache-2.0

/** Every power of two is divided into 2^7 buckets: a value is known to within 0.8 %. */
const SUB_BUCKET_BITS = 7;

/** Enough for 2^31 microseconds, more than half an hour. */
const BUCKETS = (31 - SUB_BUCKET_BITS + 1) << SUB_BUCKET_BITS;

const LARGEST = 0x7fff_ffff;

/** Counts durations in buckets that grow with the value, so that percentiles need neither memory nor sorting. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #max = 0;

  /** Counts one duration in microseconds. */
  record(microseconds: number): void {
    const value = Math.min(Math.max(Math.round(microseconds), 0), LARGEST);
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
    if (value > this.#max) this.#max = value;
  }

  /** How many durations were counted. */
  get total(): number {
    return this.#total;
  }

  /** The longest one, in microseconds; 0 without any. */
  get max(): number {
    return this.#max;
  }

  /**
   * @param fraction From 0 to 1, such as 0.99.
   * @returns Microseconds that this fraction of the durations did not exceed; 0 without any.
   */
  percentile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(fraction * this.#total));
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(upperEdge(index), this.#max);
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  const shift = Math.max(0, 31 - Math.clz32(value) - SUB_BUCKET_BITS);
  return (shift << SUB_BUCKET_BITS) + (value >> shift);
}

/** @returns The largest value that falls into a bucket. */
function upperEdge(index: number): number {
  const shift = Math.max(0, (index >> SUB_BUCKET_BITS) - 1);
  return (index - (shift << SUB_BUCKET_BITS) + 1) * 2 ** shift - 1;
}
