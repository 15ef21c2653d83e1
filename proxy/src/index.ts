// SPDX-License-Identifier: Apache-2.0
export { type Clock } from './clock.ts';
export { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts';
export {
  DRAIN_TIMES,
  PROXY_SOCKET,
  startProxy,
  type ProxyDeps,
  type RunningProxy,
} from './primary/start-proxy.ts';
export { type DrainTimes } from './worker/worker.ts';
