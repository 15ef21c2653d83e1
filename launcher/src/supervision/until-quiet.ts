// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import type { HostPort } from '@proofgate/api';
import { pause } from './pause.ts';

/** How often the connections are looked at; reading one small file costs nothing. */
const LOOK_MS = 50;

/** What Linux prints in the state column for an open connection, `TCP_ESTABLISHED` of `net/tcp_states.h`. */
const ESTABLISHED = '01';

/**
 * Waits until this network namespace has no connection to an address any more. Those that the proxy keeps for later
 * requests count as well; it closes them some seconds after the last one.
 *
 * @param address - of IPv4; of any other nothing is known
 * @param limitMs - longest wait
 * @param signal - ends the wait
 */
export async function untilQuiet(
  address: HostPort,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const remote = tableEntry(address);
  if (remote === undefined) return;
  const deadline = performance.now() + limitMs;
  while (!signal.aborted && performance.now() < deadline) {
    const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
    if (!hasConnection(table, remote)) return;
    await pause(LOOK_MS, signal);
  }
}

/**
 * Whether a table as `/proc/net/tcp` holds it has an open connection to an address.
 *
 * @param table - text of the file
 * @param remote - as {@link tableEntry} writes it
 */
export function hasConnection(table: string, remote: string): boolean {
  return table
    .split('\n')
    .slice(1)
    .some((line) => {
      const [, , peer, state] = line.trim().split(/\s+/);
      return peer === remote && state === ESTABLISHED;
    });
}

/**
 * Writes an address as the kernel's table does: the bytes of the address as a number of this machine, and the port, both
 * in hex (proc_net_tcp in the kernel's documentation).
 *
 * @param address - an address
 * @returns the text; `undefined` when it is not of IPv4
 */
export function tableEntry({ host, port }: HostPort): string | undefined {
  if (!isIPv4(host)) return undefined;
  const bytes = Uint8Array.from(host.split('.').map(Number));
  const [number = 0] = new Uint32Array(bytes.buffer);
  return `${hex(number, 8)}:${hex(port, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
