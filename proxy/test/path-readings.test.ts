// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { comparePath } from '../src/http/path-readings.ts';

const PATH = '/api/configure';

describe('a target that some server takes for the path', () => {
  it.each([
    // Queries and what may count as one.
    '/api/configure?',
    '/api/configure?a=b',
    '/api/configure%3fa=b',
    '/api/configure%3F',
    '/api/configure%23x',
    // Case, also of letters that only look alike.
    '/API/configure',
    '/api/Configure',
    '/api/con%46igure',
    '/api/con%EF%AC%81gure',
    '/ap%C4%B1/configure',
    '/api/%EF%BD%83onfigure',
    // Slashes.
    '/api/configure/',
    '/api/configure//',
    '//api/configure',
    '/api//configure',
    '///api///configure',
    '/api\\configure',
    '\\api\\configure',
    '/api%2fconfigure',
    '/api%5Cconfigure',
    '%2fapi/configure',
    '/api%EF%BC%8Fconfigure',
    // Addresses.
    '//example.com/api/configure',
    '/\\example.com/api/configure',
    '//example.com:80/api/configure?x',
    '/%2fexample.com/api/configure',
    // Dots, before and after other steps.
    '/./api/configure',
    '/api/./configure',
    '/api/configure/.',
    '/api/x/../configure',
    '/x/../api/configure',
    '/../api/configure',
    '/api/configure/x/..',
    '/api//../configure',
    '/api/x//../configure',
    '/x//..//../api/configure',
    '/api/%2e/configure',
    '/api/x/%2e%2e/configure',
    '/api/x%2f..%2fconfigure',
    '/api/x/.%2e/configure',
    '/api/x\\..\\configure',
    '/api/x/%EF%BC%8E%EF%BC%8E/configure',
    // Parameters.
    '/api/configure;',
    '/api/configure;jsessionid=1',
    '/api;v=1/configure',
    '/api/x/..;/configure',
    '/api/configure%3bx',
    '/api/configure/..;/configure',
    // Suffixes and what file systems drop.
    '/api/configure.json',
    '/api/configure.',
    '/api/configure%20',
    '/api/configure..',
    '/api/configure.tar.gz',
    // Encoded once, twice and more.
    '/api/%63onfigure',
    '/%61%70%69/configure',
    '/api/%2563onfigure',
    '/api/%252563onfigure',
    '/api/%25252563onfigure',
    '/api/%u0063onfigure',
    '/api/%EF%BC%8563onfigure',
    // What one cannot tell.
    '/api/configure%00',
    '/api/configure%00.js',
    '/api/configure%0a',
    '/api/confi%E2%80%8Bgure',
    '/api%c0%afconfigure',
    '/anything%ff',
    '/anything\xff',
    `/${'%25'.repeat(3)}${'25'.repeat(9)}`,
  ])('%s', (target) => {
    expect(comparePath(target, PATH)).toBe('alike');
  });
});

describe('a target that no server takes for the path', () => {
  it.each([
    '/',
    '*',
    '/api',
    '/api/',
    '/configure',
    '/api/configured',
    '/api/re-configure',
    '/api/configure-it',
    '/api/configure/x',
    '/api/configure/../x',
    '/api/x',
    '/x/api/configure',
    '/?path=/api/configure',
    '/x?/../api/configure',
    '/%E2%82%AC/configure',
    '/api/caf%C3%A9',
    '/api/100%25',
    '/api/100%',
    '/api/.configure',
    '/a%2Fb/c;d=e',
  ])('%s', (target) => {
    expect(comparePath(target, PATH)).toBe('other');
  });
});

describe('the path itself', () => {
  it.each(['/', '/a', '/A/', '/a//b', '/%61', '/a;b', '/a.json', '/..'])('%s', (path) => {
    expect(comparePath(path, path)).toBe('exact');
  });

  it('may be declared in a spelling of its own, which is then the only one', () => {
    expect(comparePath('/configure', '/Configure/')).toBe('alike');
    expect(comparePath('/config', '/config.json')).toBe('alike');
    expect(comparePath('/', '/./')).toBe('alike');
    expect(comparePath('/x', '/%00')).toBe('alike');
  });
});

describe('a long target', () => {
  it.each([
    '/%2e'.repeat(4_000),
    '/../x'.repeat(3_000),
    `/${'%25'.repeat(5_000)}41`,
    '/;'.repeat(8_000),
    '\\'.repeat(16_000),
  ])('is compared in no time', (target) => {
    const started = performance.now();
    comparePath(target, PATH);
    expect(performance.now() - started).toBeLessThan(250);
  });
});
