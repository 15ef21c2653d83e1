// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { packProcess, packSpec } from '../../src/containerd/runtime-document.ts';

const spec = {
  ociVersion: '1.0.2',
  process: { terminal: true, args: ['/init'], cwd: '/w', noNewPrivileges: true },
};

test('packs a specification as containerd names it', () => {
  const { typeUrl, value } = packSpec(spec);
  expect(typeUrl).toBe('types.containerd.io/opencontainers/runtime-spec/1/Spec');
  expect(JSON.parse(Buffer.from(value).toString())).toEqual(spec);
});

test('makes a further program from the first one of a container', () => {
  const { typeUrl, value } = packProcess(packSpec(spec), ['/bin/ls', '/']);
  expect(typeUrl).toBe('types.containerd.io/opencontainers/runtime-spec/1/Process');
  expect(JSON.parse(Buffer.from(value).toString())).toEqual({
    ...spec.process,
    terminal: false,
    args: ['/bin/ls', '/'],
  });
});

test.each(['', '{', 'null', '7', '{}', '{"process":null}', '{"process":7}'])(
  'refuses a specification that is not one of ours: %s',
  (text) => {
    const stored = { typeUrl: 'x', value: Buffer.from(text) };
    const refused = expect.objectContaining({ code: 'ERR_LAUNCHER_ENGINE_REFUSED' }) as Error;
    expect(() => packProcess(stored, ['/bin/ls'])).toThrow(refused);
    expect(() => packProcess(null, ['/bin/ls'])).toThrow(refused);
  },
);
