// SPDX-License-Identifier: Apache-2.0

/** Content type of Prometheus' text format. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Labels of one time series. Values come from a small set that no stranger can extend. */
export type MetricLabels = Readonly<Record<string, string>>;

/** One line: labels and a value. */
export type MetricSample = readonly [labels: MetricLabels, value: number];

/** What a histogram has counted under one set of labels. */
export interface HistogramSample {
  readonly labels: MetricLabels;
  /** Observations up to each bound and above the one before; the last is for those above all bounds. */
  readonly counts: ArrayLike<number>;
  /** Of all observations. */
  readonly sum: number;
}

/** One metric in Prometheus' text format 0.0.4; without samples, its description alone. */
export function metricText(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly MetricSample[],
): string {
  const lines = samples.map(([labels, value]) => line(name, labels, value));
  return `${head(name, type, help)}${lines.join('')}`;
}

/**
 * One histogram in the same format.
 *
 * @param bounds - upper bounds of the buckets, ascending; `+Inf` is added
 */
export function histogramText(
  name: string,
  help: string,
  bounds: readonly number[],
  samples: readonly HistogramSample[],
): string {
  const series = samples.map(({ labels, counts, sum }) => {
    let total = 0;
    const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
      total += counts[index] ?? 0;
      return line(`${name}_bucket`, { ...labels, le: numberText(bound) }, total);
    });
    return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
  });
  return `${head(name, 'histogram', help)}${series.flat().join('')}`;
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`;
}

function line(name: string, labels: MetricLabels, value: number): string {
  return `${name}${labelText(labels)} ${numberText(value)}\n`;
}

function labelText(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapedValue(value: string): string {
  return escapedHelp(value).replaceAll('"', '\\"');
}
