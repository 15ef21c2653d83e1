// SPDX-License-Identifier: Apache-2.0

/**
 * Waits for checks that run at the same time. When several fail, the first in the order given is thrown, so that
 * the same evidence is always refused for the same reason.
 *
 * @throws what the first failed check threw
 */
export async function inOrder<const Work extends readonly Promise<unknown>[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  // Of promises that have settled, the first in the list is looked at first.
  return Promise.all(work);
}
