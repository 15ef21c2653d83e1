// SPDX-License-Identifier: Apache-2.0

/** What a registry wants before it answers (RFC 9110 section 11.6.1; distribution-spec, "token authentication"). */
export type Challenge =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** Real ones have a few hundred characters. */
const MAX_CHALLENGE_LENGTH = 4_096;

/** One step through the header: a parameter, or else the name of a scheme; then a comma, if there is one. */
const STEP =
  /\s*(?:([A-Za-z][\w!#$%&'*+.^`|~-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][\w-]*)(?=\s|,|$))\s*,?/y;

/**
 * Reads a `WWW-Authenticate` header: the first challenge by token, else the first one by password.
 *
 * @returns `undefined` when there is neither
 */
export function parseChallenge(header: string): Challenge | undefined {
  if (header.length > MAX_CHALLENGE_LENGTH) return undefined;
  const schemes = readSchemes(header);
  const bearer = schemes?.find(
    ({ name, parameters }) => name === 'bearer' && parameters.has('realm'),
  );
  const realm = bearer?.parameters.get('realm');
  if (bearer !== undefined && realm !== undefined) {
    const { parameters } = bearer;
    return {
      kind: 'bearer',
      realm,
      service: parameters.get('service'),
      scope: parameters.get('scope'),
    };
  }
  return schemes?.some(({ name }) => name === 'basic') === true ? { kind: 'basic' } : undefined;
}

interface Scheme {
  readonly name: string;
  readonly parameters: Map<string, string>;
}

function readSchemes(header: string): readonly Scheme[] | undefined {
  const schemes: Scheme[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < header.length) {
    const [, key, quoted, bare, scheme] = STEP.exec(header) ?? [];
    if (scheme !== undefined) {
      schemes.push({ name: scheme.toLowerCase(), parameters: new Map() });
    } else if (key !== undefined) {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
      schemes.at(-1)?.parameters.set(key.toLowerCase(), value);
    } else {
      return undefined;
    }
  }
  return schemes;
}
