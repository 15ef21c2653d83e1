// SPDX-License-Identifier: Apache-2.0
export { FLEET_ERRORS, FleetError, type FleetErrorCode } from './errors.ts';
export { openDatabase, type DatabasePlace } from './store/open-database.ts';
export type { Database } from './store/database.ts';
export { verifyAudit, type VerifiedAudit } from './audit/verify-audit.ts';
export type { AuditHead } from './audit/audit-log.ts';
export {
  createPolicy,
  getPolicy,
  listPolicies,
  type FleetPolicy,
} from './policies/fleet-policy.ts';
export {
  assignPolicy,
  listAssignments,
  unassignPolicy,
  type PolicyAdmission,
  type PolicyAssignment,
  type PolicyMode,
} from './policies/policy-assignment.ts';
export {
  FleetRegistrar,
  type FleetRegistrarOptions,
  type Registration,
} from './registration/fleet-registrar.ts';
export type { RegistrationRequest } from './registration/registration-request.ts';
export { RefusedAgent } from './registration/refused-agent.ts';
