// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { preferredType } from '../src/evidence/preferred-type.ts';

const [JSON_TYPE, HTML] = ['application/json', 'text/html'] as const;

it.each<[string | undefined, string]>([
  [undefined, JSON_TYPE],
  ['', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['text/html', HTML],
  ['TEXT/HTML', HTML],
  ['text/*', HTML],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', HTML],
  ['text/html, application/json', JSON_TYPE],
  ['text/html;q=0.9, application/json', JSON_TYPE],
  ['text/html, application/json;q=0.9', HTML],
  ['text/html;q=0.5, application/*;q=0.6', JSON_TYPE],
  ['text/html;q=0, */*;q=0.1', JSON_TYPE],
  ['application/json;q=0, */*;q=0.1', HTML],
  ['text/*;q=1, text/html;q=0.1, application/json;q=0.2', JSON_TYPE],
  ['text/html; charset=utf-8; q=0.3 , application/json;q=0.2', HTML],
  ['text/html;q=2, application/json;q=0.1', JSON_TYPE],
  ['text/html;q=x', JSON_TYPE],
  ['image/png', JSON_TYPE],
  [`text/html,${'a/b,'.repeat(400)}`, JSON_TYPE],
])('%s gets %s', (accept, type) => {
  expect(preferredType(accept, [JSON_TYPE, HTML])).toBe(type);
});
