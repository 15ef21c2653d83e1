// SPDX-License-Identifier: Apache-2.0

/** Version of this package, as in its package.json; a test compares the two. */
export const PROXY_VERSION = '0.1.0';

/** What stands in the runtime version extension of RA-TLS v1 while no launcher runs anything. */
export const PROXY_RUNTIME_VERSION: string = `proofgate-proxy/${PROXY_VERSION}`;
