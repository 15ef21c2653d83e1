// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GatewayPublisher, type GatewayContent } from '../src/gateway/gateway-publisher.ts';
import { fakeProxy } from './fake-proxy.ts';
import { silentLogger, temporaryDirectory } from './fixtures.ts';

const WITHIN = { timeoutMs: 10_000 };

function content(runtimeVersion: string): GatewayContent {
  return {
    platform: { tee: 'tdx', simulated: true, runtimeVersion },
    eventLog: [],
    hosts: [],
  };
}

function publisher(socketPath: string): GatewayPublisher {
  const made = new GatewayPublisher({
    socketPath,
    bootId: 'boot-1',
    logger: silentLogger,
    random: () => 0,
    pollMs: 20,
  });
  onTestFinished(() => made.close());
  return made;
}

async function socket(): Promise<string> {
  return join(await temporaryDirectory(), 'proxy.sock');
}

describe('the proxy gets the gateway state', () => {
  test('each with the next revision of this launcher', async () => {
    const path = await socket();
    const proxy = await fakeProxy(path);
    const launcher = publisher(path);
    launcher.publish(content('a'));
    expect(await launcher.flush(WITHIN.timeoutMs)).toBe(true);
    launcher.publish(content('b'));
    expect(await launcher.flush(WITHIN.timeoutMs)).toBe(true);
    expect(proxy.states).toEqual([
      { version: 1, revision: 0, bootId: 'boot-1', ...content('a') },
      { version: 1, revision: 1, bootId: 'boot-1', ...content('b') },
    ]);
  });

  test('when it comes later than the launcher', async () => {
    const path = await socket();
    const launcher = publisher(path);
    launcher.publish(content('a'));
    expect(await launcher.flush(50)).toBe(false);
    launcher.publish(content('b'));
    const proxy = await fakeProxy(path);
    expect(await launcher.flush(WITHIN.timeoutMs)).toBe(true);
    expect(proxy.states.at(-1)).toMatchObject({ revision: 1, platform: { runtimeVersion: 'b' } });
  });

  test('again when it has lost it', async () => {
    const path = await socket();
    const proxy = await fakeProxy(path);
    const launcher = publisher(path);
    launcher.publish(content('a'));
    await launcher.flush(WITHIN.timeoutMs);
    proxy.forget();
    await waitFor(() => proxy.states.length === 2, WITHIN);
    expect(proxy.states[1]).toEqual(proxy.states[0]);
  });

  test('although it still has one of an earlier launcher with a higher revision', async () => {
    const path = await socket();
    const proxy = await fakeProxy(path);
    const earlier = new GatewayPublisher({
      socketPath: path,
      bootId: 'boot-0',
      logger: silentLogger,
      random: () => 0,
    });
    for (const version of ['x', 'y', 'z']) earlier.publish(content(version));
    await earlier.flush(WITHIN.timeoutMs);
    await earlier.close();
    const launcher = publisher(path);
    launcher.publish(content('a'));
    expect(await launcher.flush(WITHIN.timeoutMs)).toBe(true);
    expect(proxy.states.at(-1)).toMatchObject({ bootId: 'boot-1', revision: 0 });
  });

  test('once it stops refusing', async () => {
    const path = await socket();
    const proxy = await fakeProxy(path);
    proxy.refuseWith = 422;
    const launcher = publisher(path);
    launcher.publish(content('a'));
    expect(await launcher.flush(300)).toBe(false);
    proxy.refuseWith = 0;
    expect(await launcher.flush(WITHIN.timeoutMs)).toBe(true);
  });
});

describe('an older state is superseded', () => {
  test('when the proxy has the new one, not while it refuses', async () => {
    const path = await socket();
    const proxy = await fakeProxy(path);
    proxy.refuseWith = 422;
    const launcher = publisher(path);
    launcher.publish(content('a'));
    let superseded = false;
    const end = launcher.supersede().then(() => {
      superseded = true;
    });
    await waitFor(() => proxy.refusals >= 3, WITHIN);
    expect(superseded).toBe(false);
    proxy.refuseWith = 0;
    await end;
    expect(proxy.states).toHaveLength(1);
  });

  test('when there is no proxy, whether it was never there or has been killed', async () => {
    const never = publisher(await socket());
    never.publish(content('a'));
    await never.supersede();

    const path = await socket();
    await writeFile(path, '');
    const killed = publisher(path);
    killed.publish(content('a'));
    await killed.supersede();
  });
});

test('closing ends the attempts', async () => {
  const launcher = publisher(await socket());
  launcher.publish(content('a'));
  await launcher.close();
  expect(await launcher.flush(WITHIN.timeoutMs)).toBe(false);
});
