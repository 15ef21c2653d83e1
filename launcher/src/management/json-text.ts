// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../errors.ts';

/** A string, or a character that opens, closes or separates; what is between them has no meaning here. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/**
 * Reads JSON in UTF-8. A member that appears twice is refused: which of the two counts is a matter of the parser.
 *
 * @throws LauncherError ERR_LAUNCHER_REQUEST_MALFORMED
 */
export function readJsonText(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw malformed('is not JSON in UTF-8', cause);
  }
  const repeated = repeatedMember(text);
  if (repeated === undefined) return value;
  throw malformed(`has the member ${repeated.slice(0, 100)} twice`);
}

/** The first repeated member of a text that is JSON, as it is written there. */
function repeatedMember(text: string): string | undefined {
  // One entry for each value that is open: the names so far of an object, nothing for a list.
  const open: (Set<unknown> | undefined)[] = [];
  let mayBeName = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1);
    if (mayBeName && names !== undefined && token.startsWith('"')) {
      // Two spellings of one name are the same name.
      const name: unknown = JSON.parse(token);
      if (names.has(name)) return token;
      names.add(name);
    }
    mayBeName = token === '{' || (token === ',' && names !== undefined);
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
  }
  return undefined;
}

function malformed(problem: string, cause?: unknown): LauncherError {
  return new LauncherError('ERR_LAUNCHER_REQUEST_MALFORMED', `the content ${problem}`, { cause });
}
