// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { SupervisedVersion } from './supervised-version.ts';

/** What the log has to say of these versions, each once: two may differ in what is not measured alone. */
export function loadedEvents(versions: Iterable<SupervisedVersion>): readonly RuntimeEvent[] {
  const events: RuntimeEvent[] = [];
  for (const { logged, planned } of versions) {
    const known = events.some((other) => isDeepStrictEqual(other, planned.event));
    if (logged && !known) events.push(planned.event);
  }
  return events;
}
