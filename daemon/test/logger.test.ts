// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { DaemonError } from '@proofgate/daemon';
import { memoryLog } from './memory-log.ts';

const SECRET = 'hunter2-and-more';

describe('createLogger', () => {
  test('writes one JSON object a line with level, time, name and message', () => {
    const log = memoryLog();
    log.logger.info({ host: 'a.example.com' }, 'identity issued');
    expect(log.lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        pid: process.pid,
        hostname: expect.any(String) as string,
        name: 'test',
        host: 'a.example.com',
        msg: 'identity issued',
      },
    ]);
  });

  test('leaves out what is below its level', () => {
    const log = memoryLog('warn');
    log.logger.info('no');
    log.logger.warn('yes');
    expect(log.lines().map(({ msg }) => msg)).toEqual(['yes']);
  });

  test('never writes a secret, at any depth, in fields, lists and child loggers', () => {
    const names = [
      'key',
      'ca_key',
      'caKey',
      'secret',
      'clientSecret',
      'token',
      'access_token',
      'password',
      'passphrase',
      'Authorization',
      'proxy-authorization',
      'cookie',
      'Set-Cookie',
      'privateKey',
      'private_key',
      'apiKey',
    ];
    for (const name of names) {
      const log = memoryLog();
      log.logger.info({ [name]: SECRET }, 'top');
      log.logger.info({ [name]: { value: SECRET } }, 'object');
      log.logger.info({ a: { b: { c: { d: { [name]: SECRET } } } } }, 'deep');
      log.logger.info({ list: [{ [name]: SECRET }] }, 'list');
      log.logger.child({ [name]: SECRET, request: { [name]: SECRET } }).warn('child');
      const grandchild = log.logger.child({}).child({ [name]: SECRET }, { level: 'warn' });
      grandchild.setBindings({ [name]: SECRET });
      grandchild.warn('grandchild');
      expect(log.lines(), name).toHaveLength(6);
      expect(log.text(), name).not.toContain(SECRET);
      expect(log.text(), name).toContain('[redacted]');
    }
  });

  test('writes names that only look like secrets', () => {
    const log = memoryLog();
    log.logger.info({ keyType: 'P-256', publicKey: 'abc', keys: 3, tokenCount: 4 }, 'fields');
    expect(log.lines()[0]).toMatchObject({
      keyType: 'P-256',
      publicKey: 'abc',
      keys: 3,
      tokenCount: 4,
    });
  });

  test('writes bytes as their length', () => {
    const log = memoryLog();
    log.logger.info({ der: new Uint8Array(48), buffer: Buffer.from(SECRET) }, 'bytes');
    expect(log.lines()[0]).toMatchObject({ der: '[48 bytes]', buffer: '[16 bytes]' });
  });

  test('writes dates, addresses and big numbers as text', () => {
    const log = memoryLog();
    log.logger.info(
      { at: new Date(0), url: new URL('http://a/'), big: 2n ** 64n, none: null },
      'values',
    );
    expect(log.lines()[0]).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      url: 'http://a/',
      big: '18446744073709551616',
      none: null,
    });
  });

  test('cuts cycles', () => {
    const log = memoryLog();
    const cycle: Record<string, unknown> = { name: 'loop' };
    cycle['self'] = cycle;
    log.logger.info({ cycle }, 'cycle');
    expect(log.text()).toContain('[too deep]');
  });

  test('writes a coded error with what it expected and saw, and its causes', () => {
    const log = memoryLog();
    const cause = new DaemonError('ERR_DAEMON_FILE_MISSING', 'no file', {
      cause: new TypeError('below'),
    });
    const error = new DaemonError('ERR_DAEMON_SOCKET_PATH', 'bad path', {
      expected: 'a',
      seen: 'b',
      hint: 'c',
      cause,
    });
    log.logger.error({ err: error }, 'failed');
    expect(log.lines()[0]).toMatchObject({ level: 'error', msg: 'failed' });
    expect(log.lines()[0]?.['err']).toEqual({
      name: 'DaemonError',
      message: 'bad path',
      code: 'ERR_DAEMON_SOCKET_PATH',
      family: 'rejected',
      expected: 'a',
      seen: 'b',
      hint: 'c',
      cause: {
        name: 'DaemonError',
        message: 'no file',
        code: 'ERR_DAEMON_FILE_MISSING',
        family: 'rejected',
        cause: {
          name: 'TypeError',
          message: 'below',
          stack: expect.stringContaining('logger.test.ts') as string,
        },
      },
    });
  });

  test('writes any error, alone, in a field or with a thrown text as its cause', () => {
    const log = memoryLog();
    log.logger.error(new RangeError('alone'));
    log.logger.error(
      {
        problem: Object.assign(new Error('field', { cause: 'text' }), {
          code: 'ENOENT',
          token: SECRET,
        }),
      },
      'x',
    );
    expect(log.lines()[0]).toMatchObject({
      msg: 'alone',
      err: { name: 'RangeError', message: 'alone' },
    });
    expect(log.lines()[1]).toMatchObject({
      problem: { message: 'field', code: 'ENOENT', cause: 'text' },
    });
    expect(log.text()).not.toContain(SECRET);
  });

  test('follows a chain of causes only so far', () => {
    const log = memoryLog();
    const error = new Error('loop');
    error.cause = error;
    log.logger.error({ err: error }, 'x');
    expect(log.lines()).toHaveLength(1);
  });
});
