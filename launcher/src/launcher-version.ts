// SPDX-License-Identifier: Apache-2.0

/** Version of this package, as in its package.json; a test compares the two. */
export const LAUNCHER_VERSION = '0.1.0';

/** What the launcher calls itself in `runtime_version` and in the runtime version extension of RA-TLS v1. */
export const RUNTIME_VERSION: string = `proofgate-launcher/${LAUNCHER_VERSION}`;
