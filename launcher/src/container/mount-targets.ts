// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';
import { CONTAINER_SOCKET_DIRECTORY } from '../workload-api/socket-place.ts';

/** Where a container finds its secrets. */
export const SECRETS_TARGET = '/run/secrets';
/** Where it finds its encrypted volume. */
export const STORAGE_TARGET = '/data';
/** Scratch space. */
export const TMP_TARGET = '/tmp';
/** Where programs put sockets and process ids: with a read-only root it would be the first thing that they miss. */
export const RUN_TARGET = '/run';

/** Places that the kernel or the launcher fills; nothing else may be mounted there or below. */
const RESERVED = [
  '/proc',
  '/sys',
  '/dev',
  '/etc/hosts',
  '/etc/resolv.conf',
  SECRETS_TARGET,
  CONTAINER_SOCKET_DIRECTORY,
];

/**
 * Tells whether a path in a container is free for a mount that a manifest or an image names. Places above a reserved
 * one are not free either: the launcher's mounts would land in somebody else's directory.
 *
 * @param target - absolute path
 * @returns what is in the way
 */
export function reservedTarget(target: string): string | undefined {
  const path = cleanTarget(target);
  if (path === '/') return '/';
  return RESERVED.find((reserved) => isAtOrBelow(path, reserved) || isAtOrBelow(reserved, path));
}

/** Two mounts of which one is inside the other, or at the same place. */
export function overlap(a: string, b: string): boolean {
  const [first, second] = [cleanTarget(a), cleanTarget(b)];
  return isAtOrBelow(first, second) || isAtOrBelow(second, first);
}

/**
 * Writes a path in the one form that mounts are compared in.
 *
 * @param target - absolute path
 * @returns without `.`, `..`, double or trailing slashes
 */
export function cleanTarget(target: string): string {
  const path = posix.normalize(target);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Whether a path, in its one form, is a directory or in it. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
