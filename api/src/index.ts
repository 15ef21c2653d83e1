// SPDX-License-Identifier: Apache-2.0
export { parseAddressRange, type AddressRange } from './address-range.ts';
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
export { type ResponseHeaders } from './response-headers.ts';
export { type HostLimits, type HostRateLimits, type Limits } from './limits.ts';
export { type ClientRules, type ClientsMode, type PolicyObject } from './client-rules.ts';
export { type ClientsConfig } from './clients-config.ts';
export { containerIsolationSchema, type ContainerIsolation } from './container-isolation.ts';
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
  DEFAULT_RUN_DIR,
  type EnrolmentSettings,
  type OidcConfig,
  type PlatformConfig,
  type RuntimeChoice,
  type SimulatorConfig,
  type TeeChoice,
} from './platform-config.ts';
export { type ProxyProtocolConfig } from './proxy-protocol-config.ts';
export { type RouteConfig } from './route-config.ts';
export { vmConfigSchema, type VmConfig } from './vm-config.ts';
export { placeContainer, type PlacedContainer } from './place-container.ts';
export { declareContainer } from './declare-container.ts';
export { DEFAULT_WORKER_ID, workerUser } from './worker-user.ts';
export {
  type GatewayClients,
  type GatewayConfigure,
  type GatewayExtension,
  type GatewayHost,
  type GatewayHostLimits,
  type GatewayPlatform,
  type GatewayState,
} from './gateway-state.ts';
export {
  ADMIN_PATHS,
  drainStartedSchema,
  errorBodySchema,
  identitiesSchema,
  proxyHealthSchema,
  proxyReadinessSchema,
  stateAppliedSchema,
  stateSummarySchema,
  type CaSummary,
  type DrainStarted,
  type ErrorBody,
  type IdentitySummary,
  type ProxyHealth,
  type ProxyReadiness,
  type StateApplied,
  type StateSummary,
} from './admin-api.ts';
export { peerKeySetSchema, type PeerKey, type PeerKeySet } from './peer-keys.ts';
export {
  CA_PATHS,
  enrolmentAnswerSchema,
  enrolmentNonceSchema,
  enrolmentProblemSchema,
  enrolmentRequestSchema,
  type EnrolmentAnswer,
  type EnrolmentCheck,
  type EnrolmentNonce,
  type EnrolmentProblem,
  type EnrolmentRequest,
} from './ca-api.ts';
export { MAX_GATEWAY_STATE_BYTES, gatewayStateSchema } from './gateway-state-schema.ts';
export { VM_CONFIG_JSON_SCHEMA_FILE, vmConfigJsonSchema } from './json-schema.ts';
export {
  PROBLEM_CONTENT_TYPE,
  problemSchema,
  type FieldError,
  type Problem,
} from './management/problem.ts';
export { checkFields, type FieldOutcome, type FieldSchema } from './management/field-errors.ts';
export { containersClaimSchema, type AllowedContainer } from './management/containers-claim.ts';
export {
  statusAnswerSchema,
  type ContainerState,
  type ContainerStatus,
  type EngineStatus,
  type LastExit,
  type PullProgress,
  type Replacement,
} from './management/container-status.ts';
export { type HealthAnswer, type ReadinessAnswer } from './management/health-answers.ts';
export {
  LOG_LINES_CONTENT_TYPE,
  logLineSchema,
  logsQuerySchema,
  type LogLine,
  type LogsQuery,
} from './management/container-logs.ts';
export {
  execAnswerSchema,
  execCommandSchema,
  type ExecAnswer,
  type ExecCommand,
} from './management/container-exec.ts';
export {
  extensionRequestSchema,
  loadAnswerSchema,
  MAX_WORKLOAD_EXTENSION_BYTES,
  unloadAnswerSchema,
  type DoneAnswer,
  type ExtensionRequest,
  type LoadAnswer,
  type UnloadAnswer,
} from './management/container-changes.ts';
export { loadRequestSchema } from './management/load-request.ts';
export { loadReportSchema, type LoadReport } from './management/load-report.ts';
export { loadFileSchema, type LoadEntry } from './management/load-file.ts';
export {
  attestationServersRequestSchema,
  tlsRequestSchema,
  type AttestationServer,
  type AttestationServersAnswer,
  type AttestationServersRequest,
  type TlsAnswer,
  type TlsRequest,
} from './management/platform-changes.ts';
export { eventLogAnswerSchema, type EventLogAnswer } from './management/event-log-answer.ts';
export {
  resizeRequestSchema,
  volumesAnswerSchema,
  type ResizeAnswer,
  type ResizeRequest,
  type VolumeDeleted,
  type VolumesAnswer,
  type VolumeStatus,
} from './management/volumes.ts';
export {
  MANAGEMENT_ENDPOINTS,
  type EndpointAnswer,
  type ManagementEndpoint,
  type ManagementOperation,
  type ManagementRole,
  type ManagementScope,
} from './management/endpoints.ts';
export { MANAGEMENT_OPENAPI_FILE, managementOpenApi } from './management/openapi.ts';
export { commandJsonSchemas } from './management/command-schemas.ts';
export { AGENT_STATES, type AgentState } from './fleet/agent-state.ts';
export {
  agentLabelSchema,
  agentLabelsSchema,
  agentNameSchema,
  MAX_AGENT_LABELS,
} from './fleet/agent-label.ts';
