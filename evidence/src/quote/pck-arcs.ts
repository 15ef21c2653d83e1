// SPDX-License-Identifier: Apache-2.0

// Intel SGX PCK certificate and CRL profile, section 1.3.5: the last arcs of OIDs below the extension's own. Constants of
// their own, which a bundler writes out as numbers.
export const PPID = 1;
export const TCB = 2;
export const PCE_ID = 3;
export const FMSPC = 4;
export const SGX_TYPE = 5;
export const PLATFORM_INSTANCE_ID = 6;
export const CONFIGURATION = 7;

// Below the TCB, whose components have the numbers 1 to 16.
export const PCE_SVN = 17;
export const CPU_SVN = 18;

// Below the configuration.
export const DYNAMIC_PLATFORM = 1;
export const CACHED_KEYS = 2;
export const SMT_ENABLED = 3;
