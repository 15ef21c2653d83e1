// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { waitFor } from '@proofgate/daemon';
import { linkName } from '../../launcher/src/container/network/slot-addresses.ts';
import {
  MACHINE,
  METADATA,
  OPTIONS,
  PORT,
  WORLD,
  WORLD_IPV6,
  ip,
  networkStage,
  results,
  type NetworkStage,
} from './support/network-stage.ts';

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
const FORWARDING_IPV6 = '/proc/sys/net/ipv6/conf/all/forwarding';

let stage: NetworkStage;

beforeAll(async () => {
  stage = await networkStage();
});

afterEach(() => stage.clear());

afterAll(() => stage.close());

test('lets the machine reach containers, and containers nothing but what they may', async () => {
  const network = await stage.open();
  const [closed, open, neighbour] = [
    await stage.start(network, false),
    await stage.start(network, true),
    await stage.start(network, true),
  ];
  // Addresses that IPv6 would need; the kernel gives none by itself.
  for (const [container, host] of [
    [closed, 'fd00:1::1'],
    [open, 'fd00:2::1'],
  ] as const) {
    ip('address', 'add', `${host}/64`, 'dev', linkName(OPTIONS.owner, container.slot), 'nodad');
    container.ip('address', 'add', host.replace(/1$/, '2/64'), 'dev', 'eth0', 'nodad');
    container.ip('route', 'add', 'default', 'via', host);
  }
  writeFileSync(FORWARDING_IPV6, '1');

  const seen = {
    'machine to container': await stage.machineReaches(closed.address),
    'machine to container with egress': await stage.machineReaches(open.address),
    ...(await results({
      'itself over loopback': () => closed.reach('tcp', '127.0.0.1', PORT),
      'container to container': () => closed.reach('tcp', open.address, PORT),
      'container with egress to container': () => open.reach('tcp', closed.address, PORT),
      'container to container, udp': () => open.reach('udp', closed.address, PORT),
      'container with egress to another': () => open.reach('tcp', neighbour.address, PORT),
      'to the machine': () => closed.reach('tcp', closed.gateway, PORT),
      'to the machine, with egress': () => open.reach('tcp', open.gateway, PORT),
      'to the machine by its other address': () => open.reach('tcp', MACHINE, PORT),
      'to the machine by another container’s link': () => open.reach('tcp', closed.gateway, PORT),
      'to the machine over ipv6': () => open.reach('tcp', 'fd00:2::1', PORT),
      outside: () => closed.reach('tcp', WORLD, PORT),
      'outside, udp': () => closed.reach('udp', WORLD, PORT),
      'outside, with egress': () => open.reach('tcp', WORLD, PORT),
      'outside, with egress, udp': () => open.reach('udp', WORLD, PORT),
      'outside, with egress, over ipv6': () => open.reach('tcp', WORLD_IPV6, PORT),
      'metadata service': () => open.reach('tcp', METADATA, PORT),
    })),
  };

  expect(seen).toEqual({
    'machine to container': 'open',
    'machine to container with egress': 'open',
    'itself over loopback': 'open',
    'container to container': 'no answer',
    'container with egress to container': 'no answer',
    'container to container, udp': 'no answer',
    'container with egress to another': 'no answer',
    'to the machine': 'no answer',
    'to the machine, with egress': 'no answer',
    'to the machine by its other address': 'no answer',
    'to the machine by another container’s link': 'no answer',
    'to the machine over ipv6': 'no answer',
    outside: 'no answer',
    'outside, udp': 'no answer',
    'outside, with egress': 'open',
    'outside, with egress, udp': 'open',
    'outside, with egress, over ipv6': 'no answer',
    'metadata service': 'no answer',
  });
  // The outside sees the machine's address, not the container's.
  expect(new Set(await stage.world.callers())).toEqual(new Set([`::ffff:${MACHINE}`]));
});

test('without the rules all of this is open, so it is they that close it', async () => {
  const network = await stage.open();
  const [one, two] = [await stage.start(network, true), await stage.start(network, false)];
  ip('address', 'add', 'fd00:3::1/64', 'dev', linkName(OPTIONS.owner, two.slot), 'nodad');
  two.ip('address', 'add', 'fd00:3::2/64', 'dev', 'eth0', 'nodad');
  two.ip('route', 'add', 'default', 'via', 'fd00:3::1');
  writeFileSync(FORWARDING_IPV6, '1');
  stage.world.ip('route', 'replace', '10.92.0.0/16', 'via', MACHINE);

  execFileSync('nft', ['flush', 'ruleset']);
  const attempts = {
    'container to container': () => two.reach('tcp', one.address, PORT),
    'to the machine': () => two.reach('tcp', two.gateway, PORT),
    'to the machine over ipv6': () => two.reach('tcp', 'fd00:3::1', PORT),
    'outside over ipv6': () => two.reach('tcp', WORLD_IPV6, PORT),
    outside: () => two.reach('udp', WORLD, PORT),
    'from the outside': () => stage.world.reach('tcp', one.address, PORT),
  };
  // Neighbours over IPv6 are found only once the kernel has tried the links' own addresses.
  await waitFor(
    async () => Object.values(await results(attempts)).every((seen) => seen === 'open'),
    { timeoutMs: 15_000, what: 'every way to be open' },
  );

  expect(await network.ensureRules()).toBe(true);
  expect(await network.ensureRules()).toBe(false);
  expect(Object.values(await results(attempts))).toEqual(Array(6).fill('no answer'));
  expect(await one.reach('udp', WORLD, PORT)).toBe('open');
});

test('drops packets with a source address that is not the container’s', async () => {
  const network = await stage.open();
  const [thief, victim] = [await stage.start(network, true), await stage.start(network, false)];
  thief.ip('address', 'add', `${victim.address}/32`, 'dev', 'lo');
  thief.ip('address', 'add', '203.0.113.7/32', 'dev', 'lo');
  const before = (await stage.world.callers()).length;

  const seen = await results({
    victim: () => thief.reach('udp', WORLD, PORT, { from: victim.address }),
    stranger: () => thief.reach('udp', WORLD, PORT, { from: '203.0.113.7' }),
  });

  expect(seen).toEqual({ victim: 'no answer', stranger: 'no answer' });
  // Not even one way.
  expect(await stage.world.callers()).toHaveLength(before);
  expect(await thief.reach('udp', WORLD, PORT)).toBe('open');
});

test('turns forwarding on only when a container needs it', async () => {
  writeFileSync(FORWARDING, '0');
  const network = await stage.open();
  await stage.start(network, false);
  expect(readFileSync(FORWARDING, 'utf8')).toBe('0\n');
  await stage.start(network, true);
  expect(readFileSync(FORWARDING, 'utf8')).toBe('1\n');
});
