// SPDX-License-Identifier: Apache-2.0
import { parsePolicy, VerifierError } from '@proofgate/verifier';

/** Names that entries of a map may have: any, and a TCB status. In what is returned, they are all `*`. */
const ENTRY_NAMES = ['entry', 'OutOfDate'];
const UNKNOWN = 'no-such-member';

/** Every member that the parser of policies knows, such as `tcb.grace.*.until`. */
export function knownMembers(): readonly string[] {
  return [...new Set(membersFrom([]))];
}

/** The members that the parser knows below a path, as it names them when it refuses one that it does not know. */
function membersBelow(path: readonly string[]): readonly string[] | undefined {
  let inner: unknown = { [UNKNOWN]: 1 };
  for (const name of [...path].reverse()) inner = { [name]: inner };
  try {
    parsePolicy({ version: 1, tee: 'tdx', ...(inner as object) });
  } catch (error) {
    if (!(error instanceof VerifierError)) throw error;
    if (error.seen === UNKNOWN && error.hint !== undefined) return error.expected?.split(', ');
  }
  return undefined;
}

function membersFrom(path: readonly string[]): readonly string[] {
  const members = membersBelow(path);
  if (members !== undefined) {
    return members.flatMap((name) => [
      [...path, name].map((part) => (ENTRY_NAMES.includes(part) ? '*' : part)).join('.'),
      ...membersFrom([...path, name]),
    ]);
  }
  // Below a map of maps there is no further one.
  if (path.some((part) => ENTRY_NAMES.includes(part))) return [];
  return path.length === 0 ? [] : ENTRY_NAMES.flatMap((entry) => membersFrom([...path, entry]));
}
