// SPDX-License-Identifier: Apache-2.0
import { refused } from '../image-refusal.ts';

/** An entry of a layer with its full name. */
export interface TarEntry {
  readonly name: string;
  /** Where a link leads. */
  readonly target: string;
  readonly mode: number;
  readonly size: number;
  /** Type flag: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` directory, `6` fifo. */
  readonly type: string;
}

/** What a layer has that is worth knowing. */
export interface LayerFindings {
  readonly entries: number;
  /** Files that run with their owner's or group's rights; without effect, since containers gain no privileges. */
  readonly setuid: number;
  /** Device nodes below /dev, where the container sees a file system of its own. */
  readonly hiddenDevices: number;
}

/** Of a layer without entries. */
export const NO_FINDINGS: LayerFindings = { entries: 0, setuid: 0, hiddenDevices: 0 };

/** Linux takes no longer paths (PATH_MAX). */
const MAX_NAME_LENGTH = 4_096;
const SETUID_OR_SETGID = 0o6000;
/** Removes what lies below (OCI image-spec, layer.md, "Whiteouts"). */
const WHITEOUT_PREFIX = '.wh.';

/**
 * Refuses an entry that has no business in an image. Names that begin with a slash are accepted: builders write them,
 * and every engine takes them as below the container's root.
 *
 * @param entry - the entry
 * @param findings - what was found before it
 * @param what - names the layer in messages
 * @returns what was found, this entry included
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED
 */
export function checkEntry(entry: TarEntry, findings: LayerFindings, what: string): LayerFindings {
  const parts = partsOf(entry.name);
  checkName(entry, parts, what);
  const isDevice = entry.type === '3' || entry.type === '4';
  if (isDevice && (parts[0] !== 'dev' || parts.length < 2)) {
    throw badEntry(entry, 'no device nodes outside dev/', 'a device node', what);
  }
  if (entry.type === '1' && (entry.target === '' || partsOf(entry.target).includes('..'))) {
    throw badEntry(entry, 'a hard link to a file of the image', `a link to ${entry.target}`, what);
  }
  if (!'0123456'.includes(entry.type)) {
    throw badEntry(entry, 'files, directories and links', `type ${entry.type}`, what);
  }
  const runsAsOther = entry.type === '0' && (entry.mode & SETUID_OR_SETGID) !== 0;
  return {
    entries: findings.entries + 1,
    setuid: findings.setuid + (runsAsOther ? 1 : 0),
    hiddenDevices: findings.hiddenDevices + (isDevice ? 1 : 0),
  };
}

function checkName(entry: TarEntry, parts: readonly string[], what: string): void {
  const { name, target, type } = entry;
  if (name.length > MAX_NAME_LENGTH || target.length > MAX_NAME_LENGTH) {
    throw badEntry(entry, 'paths of up to 4096 bytes', 'a longer one', what);
  }
  if (name.includes('\0') || target.includes('\0')) {
    throw badEntry(entry, 'paths without NUL', 'a NUL', what);
  }
  if (parts.includes('..')) throw badEntry(entry, 'paths below the root', 'a path with ..', what);
  if (parts.length === 0 && type !== '5') {
    throw badEntry(entry, 'a directory as root', `type ${type}`, what);
  }
  const last = parts.at(-1) ?? '';
  const removed = last.startsWith(WHITEOUT_PREFIX) ? last.slice(WHITEOUT_PREFIX.length) : 'x';
  if (['', '.', '..'].includes(removed)) {
    throw badEntry(entry, 'a whiteout of a file below', 'one of a directory above', what);
  }
}

/** Steps of a path, without those that lead nowhere. */
function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function badEntry(entry: TarEntry, expected: string, seen: string, what: string): Error {
  const name = JSON.stringify(entry.name.slice(0, 200));
  return refused(`entry ${name} of ${what} is not accepted`, {
    expected,
    seen: seen.slice(0, 200),
  });
}
