// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, loadYaml, MAX_CONFIG_BYTES, readConfigFile } from '@proofgate/daemon';
import { temporaryDirectory } from './temporary-directory.ts';

const schema = z.strictObject({
  version: z.literal('1'),
  platform: z.strictObject({
    hostname: z.string(),
    runtime: z.enum(['auto', 'containerd', 'podman']).default('auto'),
  }),
  containers: z
    .array(
      z.strictObject({
        name: z.string(),
        port: z.int().max(65_535),
        env: z
          .record(z.string().regex(/^[A-Z]+$/, { error: 'expected capitals' }), z.string())
          .default({}),
        size: z.union([z.int(), z.string()]).default(0),
        target: z.union([z.strictObject({ url: z.string() }), z.literal('none')]).default('none'),
      }),
    )
    .default([]),
});

const HEAD = 'version: "1"\nplatform:\n  hostname: example.com\n';

/** The message of the refusal, one problem a line. */
function refusalOf(text: string): string[] {
  try {
    loadYaml(text, schema, 'vm.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ERR_DAEMON_CONFIG_INVALID', family: 'rejected' });
    return (error as ConfigError).message.split('\n');
  }
  throw new Error('the text was accepted');
}

describe('loadYaml accepts', () => {
  test('a sound text and fills defaults', () => {
    const text = `${HEAD}containers:\n  - name: a\n    port: 80\n    env: { A: x }\n`;
    expect(loadYaml(text, schema, 'vm.yaml')).toEqual({
      version: '1',
      platform: { hostname: 'example.com', runtime: 'auto' },
      containers: [{ name: 'a', port: 80, env: { A: 'x' }, size: 0, target: 'none' }],
    });
  });

  test('and freezes the result at every depth', () => {
    const config = loadYaml(`${HEAD}containers: [{ name: a, port: 80 }]`, schema, 'vm.yaml');
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.platform)).toBe(true);
    expect(Object.isFrozen(config.containers[0]?.env)).toBe(true);
    expect(() => Object.assign(config.platform, { hostname: 'evil' })).toThrow(TypeError);
  });

  test('a few aliases, JSON, comments, a byte-order mark and Windows line ends', () => {
    const aliased = `${HEAD}containers:\n  - { name: &n a, port: 1 }\n  - { name: *n, port: 2 }`;
    expect(loadYaml(aliased, schema, 'f').containers[1]?.name).toBe('a');
    expect(loadYaml('{"version":"1","platform":{"hostname":"h"}}', schema, 'f').version).toBe('1');
    expect(loadYaml(`\uFEFF# x\r\n${HEAD.replaceAll('\n', '\r\n')}`, schema, 'f').version).toBe(
      '1',
    );
  });
});

describe('loadYaml refuses', () => {
  test.each<[what: string, text: string, problems: (string | RegExp)[]]>([
    ['text that is not YAML', 'a: [1, 2\nb: c', [/^vm\.yaml:\d:\d: /]],
    ['bad indentation', 'platform:\n  hostname: a\n bad: 1\n', [/^vm\.yaml:3:\d: /]],
    ['a tab as indentation', 'platform:\n\thostname: a\n', [/^vm\.yaml:2:1: /]],
    ['an empty text', '', ['vm.yaml:1:1: expected object, not empty']],
    ['a list at the top', '- a', ['vm.yaml:1:1: expected object, not a list']],
    [
      'a second document',
      `${HEAD}---\na: 1\n`,
      [/^vm\.yaml:\d:\d: a second document starts here; one file is one document$/],
    ],
    [
      'another YAML version',
      `%YAML 1.1\n---\n${HEAD}`,
      ['vm.yaml:1:1: is not YAML 1.2: remove the %YAML directive'],
    ],
    [
      'a custom tag',
      'version: !!js/function "1"\nplatform: { hostname: a }',
      [/^vm\.yaml:1:\d+: .*tag:yaml.org,2002:js\/function/],
    ],
    [
      'a known tag',
      'version: !!str 1\nplatform: { hostname: a }',
      ['vm.yaml:1:16: tag tag:yaml.org,2002:str is not supported'],
    ],
    [
      'an unknown key near a known one',
      'version: "1"\nplatform:\n  hostnam: example.com\n',
      [
        'vm.yaml:2:1: platform.hostname: expected string, it is missing',
        'vm.yaml:3:3: platform.hostnam: unknown key "hostnam" (did you mean "hostname"? allowed: hostname, runtime)',
      ],
    ],
    [
      'an unknown key far from all',
      `${HEAD}  surprise: 1\n`,
      ['vm.yaml:4:3: platform.surprise: unknown key "surprise" (allowed: hostname, runtime)'],
    ],
    [
      'a duplicate key, with both positions',
      `${HEAD}  runtime: auto\n  hostname: other\n`,
      ['vm.yaml:5:3: key "hostname" is already at line 3, column 3'],
    ],
    [
      'a duplicate key at the top',
      `${HEAD}version: "1"\n`,
      ['vm.yaml:4:1: key "version" is already at line 1, column 1'],
    ],
    [
      'a merge key',
      `${HEAD}  <<: { runtime: auto }\n`,
      ['vm.yaml:4:3: platform.<<: unknown key "<<" (allowed: hostname, runtime)'],
    ],
    [
      'the prototype as a key',
      `${HEAD}containers:\n  - name: a\n    port: 1\n    env:\n      __proto__: x\n`,
      ['vm.yaml:8:7: key "__proto__" is not allowed'],
    ],
    [
      'a value of another type',
      `${HEAD}containers:\n  - name: a\n    port: "80"\n`,
      ['vm.yaml:6:11: containers[0].port: expected number, not string'],
    ],
    [
      'a missing field, shown at its list item',
      `${HEAD}containers:\n  - port: 80\n`,
      ['vm.yaml:5:5: containers[0].name: expected string, it is missing'],
    ],
    [
      'an unknown choice near a known one',
      `${HEAD}  runtime: podmann\n`,
      [
        'vm.yaml:4:12: platform.runtime: expected auto, containerd, podman, not "podmann"; did you mean "podman"?',
      ],
    ],
    [
      'a number that is not its text',
      'version: 1.0\nplatform: { hostname: 0x10 }',
      [
        'vm.yaml:1:10: 1.0 reads as the number 1 (write "1.0" in quotes for text, or 1)',
        'vm.yaml:1:10: version: expected 1, not 1',
        'vm.yaml:2:23: 0x10 reads as the number 16 (write "0x10" in quotes for text, or 16)',
        'vm.yaml:2:23: platform.hostname: expected string, not number',
      ],
    ],
    [
      'a boolean that is not its text',
      `${HEAD}containers: [{ name: True, port: 1 }]\n`,
      [
        'vm.yaml:4:22: True reads as the boolean true (write "True" in quotes for text, or true)',
        'vm.yaml:4:22: containers[0].name: expected string, not boolean',
      ],
    ],
    [
      'a bad name in a map',
      `${HEAD}containers:\n  - name: a\n    port: 1\n    env: { a: x }\n`,
      ['vm.yaml:7:12: containers[0].env.a: "a" is not a valid name: expected capitals'],
    ],
    [
      'what fits no alternative, in the one it has the form of',
      `${HEAD}containers:\n  - name: a\n    port: 1\n    target: { urls: x }\n`,
      [
        'vm.yaml:7:5: containers[0].target.url: expected string, it is missing',
        'vm.yaml:7:15: containers[0].target.urls: unknown key "urls" (did you mean "url"? allowed: url)',
      ],
    ],
    [
      'several problems at once, in the order of the text',
      'version: "2"\nplatform:\n  hostname: 5\n  x: 1\ncontainers:\n  - name: a\n    port: 70000\n',
      [
        'vm.yaml:1:10: version: expected 1, not "2"',
        'vm.yaml:3:13: platform.hostname: expected string, not number',
        'vm.yaml:4:3: platform.x: unknown key "x" (allowed: hostname, runtime)',
        'vm.yaml:7:11: containers[0].port: expected number to be <=65535',
      ],
    ],
  ])('%s', (_what, text, problems) => {
    expect(refusalOf(text)).toEqual(
      problems.map((problem) =>
        typeof problem === 'string' ? problem : (expect.stringMatching(problem) as string),
      ),
    );
  });

  test('aliases beyond the limit, without resolving them', () => {
    const items = Array.from(
      { length: 33 },
      (_, index) => `  - { name: *n, port: ${String(index)} }`,
    );
    const text = `version: &n "1"\nplatform: { hostname: a }\ncontainers:\n${items.join('\n')}\n`;
    expect(refusalOf(text)).toEqual(['vm.yaml:1:1: has more than 32 aliases']);
  });

  test('an alias that would grow without bound', () => {
    const levels = Array.from({ length: 8 }, (_, index) => {
      const name = String.fromCharCode(98 + index);
      const previous = String.fromCharCode(97 + index);
      return `${name}: &${name} [${Array.from({ length: 4 }, () => `*${previous}`).join(', ')}]`;
    });
    expect(refusalOf(['a: &a x', ...levels.slice(0, 8)].join('\n')).join('\n')).toMatch(/alias/i);
  });

  test('nesting that is too deep', () => {
    expect(refusalOf('['.repeat(100_000)).join('\n')).toMatch(
      /^vm\.yaml:1:\d+: is nested too deeply$/,
    );
  });

  test('a text beyond the limit, and accepts one at the limit', () => {
    const fill = (size: number): string => `${HEAD}#${'x'.repeat(size - HEAD.length - 1)}`;
    expect(loadYaml(fill(MAX_CONFIG_BYTES), schema, 'f').version).toBe('1');
    expect(refusalOf(fill(MAX_CONFIG_BYTES + 1))).toEqual([
      `vm.yaml:1:1: is larger than ${String(MAX_CONFIG_BYTES)} bytes`,
    ]);
  });

  test('and hands out each problem as data', () => {
    let problems: ConfigError['problems'] = [];
    try {
      loadYaml(`${HEAD}  runtim: auto\n`, schema, 'vm.yaml');
    } catch (error) {
      if (error instanceof ConfigError) problems = error.problems;
    }
    expect(problems).toEqual([
      {
        file: 'vm.yaml',
        line: 4,
        column: 3,
        path: 'platform.runtim',
        message: 'unknown key "runtim"',
        hint: 'did you mean "runtime"? allowed: hostname, runtime',
      },
    ]);
  });
});

describe('readConfigFile', () => {
  test('reads a file and names it in problems', async () => {
    const path = join(temporaryDirectory(), 'vm.yaml');
    await writeFile(path, HEAD);
    await expect(readConfigFile(path, schema)).resolves.toMatchObject({ version: '1' });
    await writeFile(path, 'version: "2"\nplatform: { hostname: a }\n');
    await expect(readConfigFile(path, schema)).rejects.toThrow(`${path}:1:10: version: `);
  });

  test.each<[what: string, content: Uint8Array | undefined, code: string]>([
    ['a file that is not there', undefined, 'ERR_DAEMON_FILE_MISSING'],
    ['a file that is too large', new Uint8Array(MAX_CONFIG_BYTES + 1), 'ERR_DAEMON_FILE_TOO_LARGE'],
    ['text that is not UTF-8', Uint8Array.of(0x61, 0xff), 'ERR_DAEMON_CONFIG_INVALID'],
  ])('refuses %s', async (_what, content, code) => {
    const path = join(temporaryDirectory(), 'vm.yaml');
    if (content !== undefined) await writeFile(path, content);
    await expect(readConfigFile(path, schema)).rejects.toMatchObject({ code });
  });

  test('refuses a directory', async () => {
    const refusal = readConfigFile(temporaryDirectory(), schema);
    await expect(refusal).rejects.toMatchObject({ code: 'ERR_DAEMON_FILE_UNREADABLE' });
  });
});
