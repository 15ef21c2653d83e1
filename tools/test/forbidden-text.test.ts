// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { findForbiddenText } from '../forbidden-text.mjs';

test.each([
  ['a.md', 'see\n/home/ann/notes', 'a.md:2: a path of one machine'],
  ['a.ts', '// TODO later', 'a.ts:1: an open task without an issue number'],
  ['a.ts', '// eslint-disable-next-line', 'a.ts:1: a silenced check'],
  ['a.ts', '// @ts-ignore', 'a.ts:1: a silenced check'],
  ['package-lock.json', '"resolved": "https://mirror.example/a.tgz"', 'a package address'],
  ['.npmrc', 'registry=https://mirror.example', 'a registry setting'],
  ['k.pem', `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}`, 'k.pem:1: a private key'],
])('%s with %j is found', (path, text, expected) => {
  expect(findForbiddenText(path, text).join()).toContain(expected);
});

test.each([
  ['a.md', 'https://example.com/home/page and ./work/file'],
  ['a.ts', '// TODO(#12) later'],
  ['package-lock.json', '"resolved": "evidence", "link": true'],
  ['.npmrc', 'save-exact=true'],
  ['a.ts', "pem.includes('-----BEGIN PRIVATE KEY-----')"],
])('%s with %j is fine', (path, text) => {
  expect(findForbiddenText(path, text)).toEqual([]);
});
