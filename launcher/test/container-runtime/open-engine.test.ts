// SPDX-License-Identifier: Apache-2.0
import { vmConfigSchema } from '@proofgate/api';
import { expect, test } from 'vitest';
import { openEngine, type EngineSurroundings } from '../../src/container-runtime/open-engine.ts';
import { silentLogger, temporaryDirectory } from '../fixtures.ts';

const { containers } = vmConfigSchema.parse({
  version: '1',
  platform: { ca_cert: 'a', ca_key: 'b' },
}).platform;

/** A machine on which no program is installed. */
async function bareMachine(): Promise<EngineSurroundings> {
  const directory = await temporaryDirectory();
  return {
    owner: '0a1b2c3d',
    dataDir: directory,
    runDir: directory,
    cgroupParent: '/none',
    bootId: '0'.repeat(32),
    settings: containers,
    programDirectories: [directory],
    logger: silentLogger,
  };
}

const code = 'ERR_LAUNCHER_RUNTIME_UNAVAILABLE';

test('without any engine it is said what was missing of each', async () => {
  await expect(openEngine('auto', undefined, await bareMachine())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(
      /no container engine on this machine; containerd: .*runc.*; podman: .*podman/,
    ) as string,
  });
});

test.each([
  ['containerd', /runc/],
  ['podman', /podman/],
  ['process', /platform\.runtime is process/],
] as const)('%s is not replaced by another', async (choice, problem) => {
  await expect(openEngine(choice, undefined, await bareMachine())).rejects.toMatchObject({
    code,
    message: expect.stringMatching(problem) as string,
  });
});

test('the engine that containers run in is not replaced by another', async () => {
  await expect(openEngine('auto', 'podman', await bareMachine())).rejects.toMatchObject({
    code,
    message: expect.not.stringContaining('containerd') as string,
  });
});
