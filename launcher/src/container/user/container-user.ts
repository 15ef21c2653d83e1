// SPDX-License-Identifier: Apache-2.0
import type { ContainerConfig } from '@proofgate/api';
import { LauncherError } from '../../errors.ts';
import type { VerifiedImage } from '../../image/verified-image.ts';
import { USER_NAMESPACE_SIZE } from '../oci-runtime-spec.ts';
import { parseGroups, parseUsers, type GroupLine, type UserLine } from './account-lines.ts';
import { readImageFiles } from './image-files.ts';

/** Whom a container runs as, in its own numbers. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

/** Ten thousand users; no image needs more. */
const MAX_ACCOUNT_FILE_BYTES = 1024 * 1024;

const USERS_FILE = '/etc/passwd';
const GROUPS_FILE = '/etc/group';

/** Highest id of a process, without a user namespace and with one. */
const MAX_ID = 2 ** 32 - 2;

/**
 * Decides whom a container runs as: the declared user, or the image's, whose names are looked up in the image's own
 * files, as container engines do. Users are numbers from here on: an engine that looks names up once more could find
 * another one.
 *
 * @param workload - the container
 * @param image - its image
 * @returns user and groups
 * @throws LauncherError ERR_LAUNCHER_USER_INVALID when the user is root without `isolation.allow_root`, or unknown
 */
export async function containerUser(
  workload: ContainerConfig,
  image: VerifiedImage,
): Promise<ContainerUser> {
  const user =
    workload.user === undefined
      ? await imageUser(workload.name, image)
      : { ...workload.user, additionalGids: [] };
  const source = workload.user === undefined ? `user "${image.config.user}" of the image` : 'user';
  checkIds(workload, user, source);
  return user;
}

/**
 * Refuses ids that a container may not have.
 *
 * @param workload - the container
 * @param user - whom it would run as
 * @param source - where that is written, for messages
 * @throws LauncherError ERR_LAUNCHER_USER_INVALID when the user is root without `isolation.allow_root`, or has no number
 *   in the user namespace
 */
export function checkIds(workload: ContainerConfig, user: ContainerUser, source: string): void {
  if (user.uid === 0 && workload.isolation?.allow_root !== true) {
    throw invalid(workload.name, 'runs as root', {
      expected: 'a user other than 0',
      seen: `uid 0 by ${source}`,
      hint: 'set "user" to numbers such as 1000:1000, or isolation.allow_root to true',
    });
  }
  const mapped = workload.isolation?.user_namespace === true;
  const most = mapped ? USER_NAMESPACE_SIZE - 1 : MAX_ID;
  const tooHigh = [user.uid, user.gid, ...user.additionalGids].find((id) => id > most);
  if (tooHigh !== undefined) {
    throw invalid(workload.name, 'has a user or group that does not exist', {
      expected: `at most ${String(most)}`,
      seen: `${String(tooHigh)} by ${source}`,
    });
  }
}

async function imageUser(workload: string, image: VerifiedImage): Promise<ContainerUser> {
  const text = image.config.user;
  const [user = '', group = '', ...rest] = text.split(':');
  if (rest.length > 0) {
    throw invalid(workload, 'has an image with a malformed user', {
      expected: 'user or user:group',
      seen: text,
    });
  }
  // Who says nothing means root, and two numbers need no looking up.
  const name = user === '' ? '0' : user;
  if (isNumber(name) && isNumber(group)) {
    return { uid: Number(name), gid: Number(group), additionalGids: [] };
  }
  const { users, groups } = await accountsOf(image);
  const found = findUser(workload, name, users);
  const { uid, gid } = found;
  if (group === '') return { uid, gid, additionalGids: otherGroups(found, groups) };
  return { uid, gid: findGroup(workload, group, groups), additionalGids: [] };
}

/** A number that no line has is a user without a name and of group 0, as in every engine. */
function findUser(workload: string, name: string, users: readonly UserLine[]): UserLine {
  const uid = isNumber(name) ? Number(name) : undefined;
  const found = users.find((line) => (uid === undefined ? line.name === name : line.uid === uid));
  if (found !== undefined) return found;
  if (uid === undefined) throw unknown(workload, 'user', name, USERS_FILE);
  return { name: '', uid, gid: 0 };
}

function otherGroups(user: UserLine, groups: readonly GroupLine[]): readonly number[] {
  const gids = groups
    .filter(({ members }) => user.name !== '' && members.includes(user.name))
    .map(({ gid }) => gid);
  return [...new Set(gids)].filter((gid) => gid !== user.gid);
}

/** Who an image knows. */
interface Accounts {
  readonly users: readonly UserLine[];
  readonly groups: readonly GroupLine[];
}

/** Looking through layers means to unpack them, and an image does not change. */
const known = new WeakMap<VerifiedImage, Promise<Accounts>>();

function accountsOf(image: VerifiedImage): Promise<Accounts> {
  const reading = known.get(image) ?? readAccounts(image);
  known.set(image, reading);
  // A disk that failed once is asked again.
  reading.catch(() => known.delete(image));
  return reading;
}

async function readAccounts(image: VerifiedImage): Promise<Accounts> {
  const paths = [USERS_FILE, GROUPS_FILE];
  const files = await readImageFiles(image.layers, paths, MAX_ACCOUNT_FILE_BYTES);
  const nothing = new Uint8Array();
  return {
    users: parseUsers(files.get(USERS_FILE) ?? nothing),
    groups: parseGroups(files.get(GROUPS_FILE) ?? nothing),
  };
}

function findGroup(workload: string, group: string, groups: readonly GroupLine[]): number {
  if (isNumber(group)) return Number(group);
  const found = groups.find((line) => line.name === group);
  if (found === undefined) throw unknown(workload, 'group', group, GROUPS_FILE);
  return found.gid;
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function unknown(workload: string, what: string, name: string, file: string): LauncherError {
  return invalid(workload, `has an image that runs as a ${what} which it does not know`, {
    expected: `a ${what} in ${file} of the image`,
    seen: name,
    hint: 'set "user" to numbers such as 1000:1000',
  });
}

function invalid(
  workload: string,
  problem: string,
  details: { readonly expected: string; readonly seen: string; readonly hint?: string },
): LauncherError {
  const message = `workload ${workload} ${problem}`;
  return new LauncherError('ERR_LAUNCHER_USER_INVALID', message, details);
}
