// SPDX-License-Identifier: Apache-2.0
// Decides whether node_modules is what package-lock.json asks for.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** npm writes this file at the end of an installation: what is in node_modules. */
const INSTALLED = 'node_modules/.package-lock.json';

/** We write this one after it: for which lock file and machine. It goes away with node_modules. */
const STAMP = 'node_modules/.proofgate-install';

/**
 * @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} LockFile
 */

/**
 * @param {string} root the repository
 * @returns {string | undefined} why an installation is needed; undefined if none is
 */
export function reasonToInstall(root) {
  const installed = readText(join(root, INSTALLED));
  if (installed === undefined) return 'dependencies are not installed';
  const stamp = readText(join(root, STAMP));
  if (stamp === expectedStamp(root)) return undefined;
  if (stamp === undefined) {
    const missing = firstDifference(readLockFile(root), parseLockFile(installed));
    if (missing === undefined) {
      // Someone ran npm ci by hand: nothing to do but to remember it.
      recordInstall(root);
      return undefined;
    }
    return `${missing} is not installed as package-lock.json says`;
  }
  return 'package-lock.json or this machine changed since the last installation';
}

/**
 * Remembers that node_modules agrees with package-lock.json.
 *
 * @param {string} root
 */
export function recordInstall(root) {
  const file = join(root, STAMP);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, expectedStamp(root));
}

/** @param {string} root */
function expectedStamp(root) {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return `${digest} ${process.platform}-${process.arch}\n`;
}

/** @param {string} root */
function readLockFile(root) {
  return parseLockFile(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

/** @param {string} text */
function parseLockFile(text) {
  return /** @type {LockFile} */ (JSON.parse(text));
}

/**
 * @param {LockFile} wanted
 * @param {LockFile} installed
 * @returns {string | undefined} the first package that differs; optional ones may be absent on this platform
 */
export function firstDifference(wanted, installed) {
  return Object.keys(wanted.packages ?? {}).find((path) => {
    const entry = wanted.packages?.[path];
    if (path === '' || entry === undefined || entry.optional === true) return false;
    const found = installed.packages?.[path];
    return found === undefined || found.version !== entry.version;
  });
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
