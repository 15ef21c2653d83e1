// SPDX-License-Identifier: Apache-2.0
export { FLEET_ERRORS, FleetError, type FleetErrorCode } from './errors.ts';
export { openDatabase, type DatabasePlace } from './store/open-database.ts';
export type { Database } from './store/database.ts';
export { verifyAudit, type VerifiedAudit } from './audit/verify-audit.ts';
export type { AuditHead } from './audit/audit-log.ts';
