// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { histogramText, metricText } from '../src/index.ts';

describe('the text of a metric', () => {
  it('has a description, a type and a line for each sample', () => {
    expect(
      metricText('requests_total', 'counter', 'Requests.', [
        [{}, 3],
        [{ host: 'a.example.com', status: '2xx' }, 12],
      ]),
    ).toBe(
      '# HELP requests_total Requests.\n' +
        '# TYPE requests_total counter\n' +
        'requests_total 3\n' +
        'requests_total{host="a.example.com",status="2xx"} 12\n',
    );
  });

  it('escapes what could end a label or a line', () => {
    const text = metricText('m', 'gauge', 'a\\b\nc', [[{ l: 'a\\b"c\nd' }, 1]]);
    expect(text).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{l="a\\\\b\\"c\\nd"} 1\n');
  });

  it('writes numbers that are none as Prometheus reads them', () => {
    const values = [Number.NaN, Infinity, -Infinity, 0.5, 1e21];
    const text = metricText(
      'm',
      'gauge',
      'x',
      values.map((value) => [{}, value]),
    );
    expect(text.split('\n').slice(2)).toEqual([
      'm NaN',
      'm +Inf',
      'm -Inf',
      'm 0.5',
      'm 1e+21',
      '',
    ]);
  });
});

describe('the text of a histogram', () => {
  it('has buckets that include the ones below, a sum and a count', () => {
    expect(
      histogramText('d', 'x', [0.1, 1], [{ labels: { host: 'a' }, counts: [2, 0, 1], sum: 7.5 }]),
    ).toBe(
      '# HELP d x\n' +
        '# TYPE d histogram\n' +
        'd_bucket{host="a",le="0.1"} 2\n' +
        'd_bucket{host="a",le="1"} 2\n' +
        'd_bucket{host="a",le="+Inf"} 3\n' +
        'd_sum{host="a"} 7.5\n' +
        'd_count{host="a"} 3\n',
    );
  });
});
