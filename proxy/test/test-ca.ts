// SPDX-License-Identifier: Apache-2.0
import { createIntermediary, type CaIdentity } from '@proofgate/ca/authorities';

/** An intermediary CA for hosts below example.com. */
export function newIntermediary(root: CaIdentity): Promise<CaIdentity> {
  return createIntermediary({
    root,
    commonName: 'Test intermediary',
    permittedDomains: ['example.com'],
    days: 10,
    at: new Date(),
  });
}
