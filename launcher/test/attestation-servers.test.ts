// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { requestUnix } from '@proofgate/daemon';
import { attestationServersHash, OID, toHex } from '@proofgate/evidence';
import type { RunningLauncher } from '@proofgate/launcher';
import { expect, test, vi } from 'vitest';
import { start, vmStage, type VmStage } from './stage.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const url = (name: string): string => `https://${name}.example.com/verify`;

async function setServers({ runDir }: VmStage, ...urls: readonly string[]): Promise<void> {
  const answer = await requestUnix({
    socketPath: join(runDir, 'launcher.sock'),
    method: 'PUT',
    path: '/api/v1/attestation-servers',
    body: { servers: urls.map((each) => ({ url: each })) },
    timeoutMs: 5_000,
  });
  expect(answer).toMatchObject({
    status: 200,
    body: { hash: toHex(attestationServersHash(urls)) },
  });
}

/** What the platform's certificate commits to. */
function hashOf({ plan }: RunningLauncher): string | undefined {
  const platform = plan.hosts.find(({ kind }) => kind === 'platform');
  const found = platform?.extensions.find(({ oid }) => oid === OID.attestationServersHash);
  return found === undefined ? undefined : toHex(found.value);
}

const hash = (...names: readonly string[]): string => toHex(attestationServersHash(names.map(url)));

test('a list that was set stays over restarts, until the config file has another one', async () => {
  const stage = await vmStage();
  const withFile = (...names: readonly string[]): ReturnType<VmStage['parse']> =>
    stage.parse([], { attestation_servers: names.map(url) });
  const first = await start(stage, withFile('file'));
  expect(hashOf(first)).toBe(hash('file'));
  await setServers(stage, url('set'), url('other'));
  expect(hashOf(first)).toBe(hash('set', 'other'));
  await first.stop();

  const second = await start(stage, withFile('file'));
  expect(hashOf(second)).toBe(hash('set', 'other'));
  await second.stop();

  // A boot that comes later measures what is in force from its beginning.
  await stage.boot();
  const third = await start(stage, withFile('file'));
  const { root } = third.plan.platform;
  expect(await stage.ask('/v1/eventlog')).toMatchObject({
    body: { events: [{ type: 'proofgate.platform', platform_root: root }] },
  });
  expect(hashOf(third)).toBe(hash('set', 'other'));
  await third.stop();

  const fourth = await start(stage, withFile('file', 'new'));
  expect(hashOf(fourth)).toBe(hash('file', 'new'));
  await fourth.stop();
});

test('the list of the file, once set again, is followed again', async () => {
  const stage = await vmStage();
  const first = await start(stage, stage.parse([], { attestation_servers: [url('file')] }));
  await setServers(stage, url('set'));
  await setServers(stage, url('file'));
  await first.stop();
  const second = await start(stage, stage.parse([]));
  expect(hashOf(second)).toBeUndefined();
});
