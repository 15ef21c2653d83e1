// SPDX-License-Identifier: Apache-2.0
// Text that does not belong into the repository.

/** @typedef {{ name: string, files: RegExp, pattern: RegExp }} Rule */

const CODE = /\.(ts|tsx|mjs|cjs|js)$/;

/** @type {readonly Rule[]} */
const RULES = [
  {
    name: 'a path of one machine',
    files: /./,
    pattern: /(?<![\w.$}-])\/(?:work|home|Users)\/\w/,
  },
  {
    name: 'a package address (lock files name versions and digests; which registry is the machine’s business)',
    files: /(^|\/)package-lock\.json$/,
    pattern: /"resolved": "https?:/,
  },
  { name: 'a registry setting', files: /(^|\/)\.npmrc$/, pattern: /registry\s*=|_auth/i },
  {
    name: 'an open task without an issue number, as in (#12)',
    files: /./,
    pattern: /\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/,
  },
  {
    name: 'a silenced check',
    files: CODE,
    pattern: /eslint-disable|@ts-ignore|@ts-nocheck/,
  },
  {
    name: 'a private key (tests make their own)',
    files: /./,
    pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}/,
  },
];

/**
 * @param {string} path relative to the repository
 * @param {string} text
 * @returns {string[]} one line for each finding
 */
export function findForbiddenText(path, text) {
  return RULES.filter((rule) => rule.files.test(path)).flatMap((rule) => {
    const match = rule.pattern.exec(text);
    if (match === null) return [];
    const line = text.slice(0, match.index).split('\n').length;
    return [`${path}:${String(line)}: ${rule.name}`];
  });
}
