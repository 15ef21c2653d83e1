// SPDX-License-Identifier: Apache-2.0
export { parseByteSize, type ByteCount } from './byte-size.ts';
export { parseDuration, type Milliseconds } from './duration.ts';
export { API_ERRORS, ApiError, type ApiErrorCode } from './errors.ts';
export { parseHostname } from './hostname.ts';
export { formatHostPort, parseHostPort, type HostPort } from './host-port.ts';
export { managerHostname, workloadHostname, type PlatformNames } from './hostnames.ts';
export { parseImageReference, type ImageReference } from './image-reference.ts';
export { parseUpstream, type HostMode, type Upstream } from './upstream.ts';
export { parseUser, type UserAndGroup } from './user.ts';
export { parseVolume, type Volume } from './volume.ts';
export { type HostLimits, type Limits } from './limits.ts';
export { type ContainerIsolation } from './container-isolation.ts';
export { type ContainersPlatformConfig, type RegistryConfig } from './container-platform.ts';
export { type ConfigApi, type ContainerSecret } from './container-secrets.ts';
export {
  containerConfigSchema,
  DEFAULT_MEMORY_MB,
  DEFAULT_VCPUS,
  type AttestationMode,
  type ContainerConfig,
  type RestartPolicy,
  type WorkloadRuntime,
} from './container-config.ts';
export {
  dependencySetSchema,
  type DependencyEntry,
  type DependencyMeasurement,
  type DependencySet,
  type RequiredOid,
} from './dependency-set.ts';
export { type HealthCheck } from './health-check.ts';
export {
  type OidcConfig,
  type PlatformConfig,
  type RuntimeChoice,
  type SimulatorConfig,
  type TeeChoice,
} from './platform-config.ts';
export { type RouteConfig } from './route-config.ts';
export { vmConfigSchema, type VmConfig } from './vm-config.ts';
export { DEFAULT_WORKER_ID, workerUser } from './worker-user.ts';
export {
  type GatewayExtension,
  type GatewayHost,
  type GatewayHostLimits,
  type GatewayPlatform,
  type GatewayState,
} from './gateway-state.ts';
export {
  ADMIN_PATHS,
  errorBodySchema,
  identitiesSchema,
  proxyHealthSchema,
  stateAppliedSchema,
  stateSummarySchema,
  type ErrorBody,
  type IdentitySummary,
  type ProxyHealth,
  type StateApplied,
  type StateSummary,
} from './admin-api.ts';
export { MAX_GATEWAY_STATE_BYTES, gatewayStateSchema } from './gateway-state-schema.ts';
export { VM_CONFIG_JSON_SCHEMA_FILE, vmConfigJsonSchema } from './json-schema.ts';
