// SPDX-License-Identifier: Apache-2.0

/** An object's members without those that are undefined. */
export type Present<Members> = {
  [Name in keyof Members]?: Exclude<Members[Name], undefined>;
};

/** Leaves out members that are undefined: an absent member and an undefined one are different things in our types. */
export function present<Members extends object>(members: Members): Present<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  // Sound: what is left has the names and types it had, minus undefined.
  return Object.fromEntries(entries) as Present<Members>;
}
