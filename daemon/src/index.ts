// SPDX-License-Identifier: Apache-2.0
export { DAEMON_ERRORS, DaemonError, type DaemonErrorCode } from './errors.ts';
export { ConfigError, type ConfigProblem } from './config-error.ts';
export { MAX_CONFIG_BYTES, loadYaml, readConfigFile } from './config-file.ts';
export { writeFileAtomic, type WriteOptions } from './atomic-file.ts';
export { MAX_JSON_FILE_BYTES, parseJson, readJsonFile } from './json-file.ts';
export { assertPrivateFile, ensureDir } from './private-path.ts';
export { readBoundedFile } from './read-file.ts';
export { backoff, type Backoff, type BackoffOptions } from './backoff.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
export { processIdentity, type ProcessIdentity } from './process-identity.ts';
export { deepFreeze } from './deep-freeze.ts';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export {
  createLifecycle,
  type Closer,
  type Lifecycle,
  type LifecycleOptions,
  type ProcessLike,
} from './lifecycle.ts';
export {
  histogramText,
  METRICS_CONTENT_TYPE,
  metricText,
  type HistogramSample,
  type MetricLabels,
  type MetricSample,
} from './metrics-text.ts';
export { problemResponse, type Refusal } from './problem-response.ts';
export {
  DEFAULT_MAX_BODY_BYTES,
  serveUnixHttp,
  type UnixHandler,
  type UnixHttpOptions,
  type UnixHttpServer,
  type UnixRequest,
  type UnixResponse,
} from './unix-http-server.ts';
export { requestUnix, type UnixAnswer, type UnixRequestOptions } from './unix-http-client.ts';
export { ChildProcess, type ChildProcessOptions } from './child-process.ts';
