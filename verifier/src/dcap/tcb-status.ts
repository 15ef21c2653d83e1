// SPDX-License-Identifier: Apache-2.0

/** What Intel says about one TCB level of TCB info (PCS API v4, `tcbStatus`). */
export const PLATFORM_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;

/** Status of a platform's TCB level. */
export type PlatformStatus = (typeof PLATFORM_STATUSES)[number];

/** What Intel says about a version of the quoting enclave or of the TDX module. */
export const COMPONENT_STATUSES = ['UpToDate', 'OutOfDate', 'Revoked'] as const;

/** Status of a quoting enclave or TDX module. */
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];

/**
 * Every status that a verified quote can have. Revoked is not among them: it never verifies. The last two exist for
 * TD quotes of version 1.5, where the module was updated under a running TD.
 */
export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
] as const;

/** Status of the TCB behind a verified quote. */
export type TcbStatus = (typeof TCB_STATUSES)[number];
