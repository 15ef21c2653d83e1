// SPDX-License-Identifier: Apache-2.0
import { waitFor } from '@proofgate/daemon';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { linkName } from '../../launcher/src/container/network/slot-addresses.ts';
import {
  OPTIONS,
  PORT,
  WORLD,
  links,
  networkStage,
  results,
  rules,
  type NetworkStage,
} from './support/network-stage.ts';

/** Another launcher with the same network. */
const OTHER = { ...OPTIONS, owner: 'c0ffee99' };

let stage: NetworkStage;

beforeAll(async () => {
  stage = await networkStage();
});

afterEach(() => stage.clear());

afterAll(() => stage.close());

test('containers of another launcher with the same network are strangers too', async () => {
  const [first, second] = [await stage.open(), await stage.open(OTHER)];
  const one = await stage.start(first, true);
  const two = await stage.start(second, true);

  expect(one.address).not.toBe(two.address);
  expect(await stage.machineReaches(one.address)).toBe('open');
  expect(await stage.machineReaches(two.address)).toBe('open');
  const seen = await results({
    there: () => one.reach('tcp', two.address, PORT),
    back: () => two.reach('tcp', one.address, PORT),
  });
  expect(seen).toEqual({ there: 'no answer', back: 'no answer' });
  expect(await one.reach('tcp', WORLD, PORT)).toBe('open');

  await first.removeAll();
  expect(await two.reach('tcp', one.gateway, PORT)).toBe('no answer');
  expect(await two.reach('tcp', WORLD, PORT)).toBe('open');
});

test('is found again after a kill, and what dead containers left is removed', async () => {
  const killed = await stage.open();
  const [kept, stray] = [await stage.start(killed, true), await stage.start(killed, true)];
  const dead = await stage.start(killed, false);
  await dead.close();
  const before = rules();

  const known = [
    { slot: kept.slot, egress: true },
    { slot: dead.slot, egress: false },
  ];
  const adopting = await stage.open(OPTIONS, known);

  expect(links()).toEqual([linkName(OPTIONS.owner, kept.slot)]);
  expect(await adopting.reconcile(known)).toEqual([dead.slot]);
  expect(rules()).not.toContain(linkName(OPTIONS.owner, stray.slot));
  expect(before).toContain(linkName(OPTIONS.owner, stray.slot));
  expect(await kept.reach('tcp', WORLD, PORT)).toBe('open');
  expect(await stage.machineReaches(kept.address)).toBe('open');
  // A slot that is in use is not given away.
  const slots = Array.from({ length: 5 }, () => adopting.takeSlot());
  expect(slots).not.toContain(kept.slot);
  expect(slots).not.toContain(dead.slot);
});

test('a slot that is used again does not inherit what it was allowed', async () => {
  const network = await stage.open();
  const first = await stage.start(network, true);
  await first.close();
  await network.detach(first.slot);
  // Detaching twice is no error.
  await network.detach(first.slot);
  expect(links()).toEqual([]);

  const next = await stage.namespace();
  await network.attach(next.pid, { slot: first.slot, egress: false });
  expect(await next.reach('tcp', WORLD, PORT)).toBe('no answer');
  expect(await stage.machineReaches(first.address).catch(String)).toContain('ECONNREFUSED');
});

test('refuses a container without a network of its own, and leaves nothing of a failed attempt', async () => {
  const network = await stage.open();
  const slot = network.takeSlot();

  await expect(network.attach(process.pid, { slot, egress: true })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_NETWORK_FAILED',
    message: expect.stringContaining('of its own') as string,
  });
  await expect(network.attach(2 ** 22 + 1, { slot, egress: true })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_NETWORK_FAILED',
  });
  const namespace = await stage.namespace();
  // Something else has the name: the second step fails after the first has made the link.
  namespace.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
  await expect(network.attach(namespace.pid, { slot, egress: true })).rejects.toMatchObject({
    code: 'ERR_LAUNCHER_NETWORK_FAILED',
    message: expect.stringContaining('File exists') as string,
  });
  expect(links()).toEqual([]);
  expect(rules()).not.toContain('elements = { "pg');
});

test('many containers at once, and nothing is left when all are gone', async () => {
  const network = await stage.open();
  const containers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => stage.start(network, index % 2 === 0)),
  );

  expect(await Promise.all(containers.map(({ address }) => stage.machineReaches(address)))).toEqual(
    Array(8).fill('open'),
  );
  expect(links()).toHaveLength(8);
  // A link goes with its namespace, without anybody's help.
  await Promise.all(containers.map((container) => container.close()));
  await waitFor(() => links().length === 0, { timeoutMs: 5_000, what: 'no link' });
  await Promise.all(containers.map(({ slot }) => network.detach(slot)));
  await network.removeAll();
  expect(rules()).not.toContain('proofgate_c0ffee01');
});
