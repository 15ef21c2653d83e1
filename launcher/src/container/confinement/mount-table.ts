// SPDX-License-Identifier: Apache-2.0

/** One line of `/proc/pid/mountinfo` (proc_pid_mountinfo(5)). */
export interface MountEntry {
  /** Directory of the file system that is mounted. */
  readonly root: string;
  readonly target: string;
  /** Options of this mount, such as `ro`. */
  readonly options: readonly string[];
  readonly fileSystem: string;
  /** Options of the file system, such as the controllers of a control group. */
  readonly superOptions: readonly string[];
}

/**
 * Reads a mount table. Lines that are none are left out, so that what is missing is noticed as missing.
 *
 * @param text - content of `/proc/pid/mountinfo`
 * @returns the mounts, in the order in which they were made
 */
export function parseMountTable(text: string): readonly MountEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/**
 * Finds what is mounted at a path.
 *
 * @param table - a mount table
 * @param target - absolute path
 * @returns the topmost mount there
 */
export function mountAt(table: readonly MountEntry[], target: string): MountEntry | undefined {
  return table.findLast((entry) => entry.target === target);
}

/** `id parent major:minor root target options [optional…] - type source super-options` */
function parseLine(line: string): MountEntry | undefined {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [, , , root, target, options] = fields;
  const [fileSystem, , superOptions = ''] = fields.slice(separator + 1);
  if (separator < 0 || root === undefined || target === undefined) return undefined;
  if (options === undefined || fileSystem === undefined) return undefined;
  return {
    root: unescape(root),
    target: unescape(target),
    options: options.split(','),
    fileSystem,
    superOptions: superOptions.split(','),
  };
}

/** Space, tab, newline and backslash are written as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_match, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
