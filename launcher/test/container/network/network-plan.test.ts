// SPDX-License-Identifier: Apache-2.0
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../fixtures.ts';
import { CommandShell } from '../../../src/container/command-shell.ts';
import { ContainerNetwork } from '../../../src/container/network/container-network.ts';
import {
  containsAddress,
  formatIpv4,
  formatIpv4Network,
  parseIpv4,
  parseIpv4Network,
  type Ipv4Network,
} from '../../../src/container/network/ipv4-network.ts';
import {
  containerLinkCommands,
  hostLinkCommands,
  linkRemovalCommands,
} from '../../../src/container/network/link-commands.ts';
import { occupiedSlots } from '../../../src/container/network/machine-addresses.ts';
import { ruleRemovalScript, ruleScript } from '../../../src/container/network/network-rules.ts';
import { runProgram } from '../../../src/container/network/run-program.ts';
import {
  linkName,
  slotAddresses,
  slotCount,
  slotOfAddress,
  slotOfLink,
} from '../../../src/container/network/slot-addresses.ts';
import { SlotPool } from '../../../src/container/network/slot-pool.ts';

const OWNER = 'c0ffee01';
const network = (text = '10.92.0.0/16'): Ipv4Network => parseIpv4Network(text)!;

describe('addresses', () => {
  test.each(['0.0.0.0', '10.92.255.254', '255.255.255.255'])('are read and written: %s', (text) => {
    expect(formatIpv4(parseIpv4(text)!)).toBe(text);
  });

  test.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.x', '1.2.3.-4', '::1', '1e1.0.0.0'])(
    'are nothing else: %s',
    (text) => {
      expect(parseIpv4(text)).toBeUndefined();
      expect(parseIpv4Network(`${text}/16`)).toBeUndefined();
    },
  );

  test('are in networks', () => {
    expect(formatIpv4Network(network('10.92.7.9/16'))).toBe('10.92.0.0/16');
    expect(parseIpv4Network('10.0.0.0/33')).toBeUndefined();
    expect(parseIpv4Network('10.0.0.0')).toBeUndefined();
    const inside = (text: string): boolean => containsAddress(network(), parseIpv4(text)!);
    expect(['10.92.0.0', '10.92.255.255'].map(inside)).toEqual([true, true]);
    expect(['10.91.255.255', '10.93.0.0'].map(inside)).toEqual([false, false]);
    expect(containsAddress(network('0.0.0.0/0'), parseIpv4('255.1.2.3')!)).toBe(true);
  });
});

describe('slots', () => {
  test.each([
    ['10.92.0.0/16', 0, { host: '10.92.0.0', container: '10.92.0.1' }],
    ['10.92.0.0/16', 32_767, { host: '10.92.255.254', container: '10.92.255.255' }],
    ['10.92.1.0/26', 31, { host: '10.92.1.62', container: '10.92.1.63' }],
  ])('have two addresses: %s slot %d', (text, slot, addresses) => {
    expect(slotAddresses(network(text), slot)).toEqual(addresses);
    expect(slotOfAddress(network(text), addresses.host)).toBe(slot);
    expect(slotOfAddress(network(text), addresses.container)).toBe(slot);
    expect(slot).toBeLessThan(slotCount(network(text)));
  });

  test('are as many as the network has room for', () => {
    expect(slotCount(network())).toBe(32_768);
    expect(slotCount(network('10.0.0.0/8'))).toBe(8_388_608);
    expect(slotOfAddress(network(), '10.93.0.1')).toBeUndefined();
    expect(slotOfAddress(network(), 'fe80::1')).toBeUndefined();
  });

  test.each([0, 1, 35, 36, 32_767, 8_388_607])(
    'have a link whose name fits the kernel: %d',
    (slot) => {
      const name = linkName(OWNER, slot);
      expect(name.length).toBeLessThanOrEqual(15);
      expect(slotOfLink(OWNER, name)).toBe(slot);
      expect(slotOfLink('c0ffee02', name)).toBeUndefined();
    },
  );

  test.each([
    'pgc0ffee01',
    'pgc0ffee0100',
    'pgc0ffee01Z',
    'pgc0ffee01-1',
    'eth0',
    'pgc0ffee01zzzzzz',
  ])('have no other links: %s', (name) => {
    const slot = slotOfLink(OWNER, name);
    expect(slot === undefined || name === linkName(OWNER, slot)).toBe(true);
  });

  test('are given out one after the other, and used again last', () => {
    const pool = new SlotPool(4, 6);
    const none = new Set<number>();
    expect([pool.take(none), pool.take(none)]).toEqual([2, 3]);
    pool.release(2);
    pool.reserve(0);
    expect(pool.take(none)).toBe(1);
    expect(pool.take(new Set([2]))).toBeUndefined();
    expect(pool.take(none)).toBe(2);
    expect(pool.take(none)).toBeUndefined();
  });

  test('are not those that others on the machine have', () => {
    const info = (address: string): NetworkInterfaceInfo[] => [
      { address, family: 'IPv4', netmask: '', mac: '', internal: false, cidr: null },
    ];
    const links = {
      lo: info('127.0.0.1'),
      docker0: info('10.92.0.5'),
      [linkName(OWNER, 4)]: info('10.92.0.8'),
      [linkName('c0ffee99', 7)]: info('10.92.0.14'),
      nothing: undefined,
    };
    expect(occupiedSlots(network(), OWNER, links)).toEqual(new Set([2, 7]));
  });
});

describe('commands', () => {
  const plan = {
    link: 'pgc0ffee013',
    addresses: slotAddresses(network(), 3),
    networkNamespace: '/proc/42/ns/net',
    ipv6: true,
  };

  test('make both ends of a link', () => {
    expect(hostLinkCommands(plan)).toBe(
      'link add pgc0ffee013 type veth peer name eth0 netns /proc/42/ns/net\n' +
        'link set pgc0ffee013 addrgenmode none\n' +
        'address add 10.92.0.6/31 dev pgc0ffee013\n' +
        'link set pgc0ffee013 up\n',
    );
    expect(containerLinkCommands({ ...plan, ipv6: false })).toBe(
      'link set lo up\n' +
        'address add 10.92.0.7/31 dev eth0\n' +
        'link set eth0 up\n' +
        'route add default via 10.92.0.6\n',
    );
    expect(linkRemovalCommands(['a', 'b'])).toBe('link delete a\nlink delete b\n');
  });
});

describe('rules', () => {
  const script = ruleScript({
    owner: OWNER,
    network: network(),
    egress: ['pgc0ffee011', 'pgc0ffee012'],
  });

  test('are one transaction that replaces what was there', () => {
    expect(
      script.startsWith(
        'add table inet proofgate_c0ffee01\ndelete table inet proofgate_c0ffee01\ntable inet proofgate_c0ffee01 {\n',
      ),
    ).toBe(true);
    expect(ruleRemovalScript(OWNER)).toBe(
      'add table inet proofgate_c0ffee01\ndelete table inet proofgate_c0ffee01\n',
    );
  });

  test('speak of our own links and networks alone', () => {
    const names = [...script.matchAll(/[io]ifname (?:!= )?"([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(['pgc0ffee01*', 'pg*']));
    expect(script).not.toMatch(/policy drop/);
    expect(script).toContain('elements = { "pgc0ffee011", "pgc0ffee012" }');
    expect(ruleScript({ owner: OWNER, network: network(), egress: [] })).not.toContain('elements');
  });
});

describe('programs', () => {
  test('that fail say why', async () => {
    const shell = new CommandShell();
    const failing = runProgram(shell, {
      program: 'ip',
      args: ['-batch', '-'],
      input: 'no such command\n',
    });
    await expect(failing).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_NETWORK_FAILED',
      message: expect.stringContaining('Object "no" is unknown') as string,
    });
    shell.close();
  });

  test('do not start for a network that is none', async () => {
    const options = { owner: OWNER, addresses: () => ({}), logger: silentLogger };
    await expect(
      ContainerNetwork.open({ ...options, network: '10.92.0.0' }, []),
    ).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_NETWORK_FAILED',
      seen: '10.92.0.0',
    });
  });
});
