// SPDX-License-Identifier: Apache-2.0
import { healthy, type DoctorCheck } from './check.ts';

/** Ends of the even release lines, from the Node.js release schedule of 2026. Odd lines live for half a year. */
const END_OF_LINE: ReadonlyMap<number, string> = new Map([
  [20, '2026-04-30'],
  [22, '2027-04-30'],
  [24, '2028-04-30'],
  [26, '2029-04-30'],
]);

/**
 * Looks at the Node.js that runs this command.
 *
 * @param version such as `24.1.0`
 */
export function checkNode(version: string, now: Date): DoctorCheck {
  const line = Number(version.split('.')[0]);
  const end = END_OF_LINE.get(line);
  const newest = Math.max(...END_OF_LINE.keys());
  if (end === undefined && line > newest) return healthy('node', `Node.js ${version}`);
  if (end !== undefined && now < new Date(end)) {
    return healthy('node', `Node.js ${version}, maintained until ${end}`);
  }
  return {
    name: 'node',
    result: 'warning',
    code: 'DOCTOR_NODE_ENDED',
    text: `Node.js ${version} gets no security fixes any more${end === undefined ? '' : ` since ${end}`}`,
    action: 'move to a maintained line of Node.js, such as 24',
  };
}
