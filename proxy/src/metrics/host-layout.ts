// SPDX-License-Identifier: Apache-2.0

/** Seconds: below a millisecond everything is fast; above ten, a person has left. */
export const REQUEST_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Seconds, from accept to the end of the handshake: two round trips, on a good line or a bad one. */
export const HANDSHAKE_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

/** What the first digit of a status says, in the order of its counters. */
export const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

type HostCount =
  'status' | 'latency' | 'latencySum' | 'bytesIn' | 'bytesOut' | 'handshakes' | 'tcpConnections';

const LATENCY = STATUS_CLASSES.length;
const LATENCY_SUM = LATENCY + REQUEST_BOUNDS.length + 1;

/** Where each number of a host is among its counters. */
export const HOST_SLOT: Readonly<Record<HostCount, number>> = {
  /** One for each of {@link STATUS_CLASSES}. */
  status: 0,
  /** One for each of {@link REQUEST_BOUNDS}, and one for what is slower. */
  latency: LATENCY,
  latencySum: LATENCY_SUM,
  bytesIn: LATENCY_SUM + 1,
  bytesOut: LATENCY_SUM + 2,
  handshakes: LATENCY_SUM + 3,
  tcpConnections: LATENCY_SUM + 4,
};

/** How many numbers a host has. */
export const HOST_SLOTS: number = HOST_SLOT.tcpConnections + 1;

/** Where an observation belongs: the first bound that is not below it, or the place after the last. */
export function bucketOf(bounds: readonly number[], seconds: number): number {
  let index = 0;
  while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
  return index;
}
