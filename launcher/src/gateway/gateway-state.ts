// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { GatewayHost, GatewayHostLimits, HostLimits, RouteConfig } from '@proofgate/api';
import { toBase64, type RuntimeEvent } from '@proofgate/evidence';
import type { GatewayContent } from './gateway-publisher.ts';
import type {
  MeasurementPlan,
  PlannedHost,
  PlannedWorkload,
} from '../measurement/measurement-plan.ts';

/** The socket, below `run_dir`, behind the platform's host name. */
export const MANAGER_SOCKET = 'manager.sock';

/** What the launcher knows about the platform that produces the evidence. */
export interface PlatformIdentity {
  readonly tee: 'tdx' | 'sev-snp';
  readonly simulated: boolean;
  /** The firmware's event log, if it keeps one. */
  readonly ccel: Uint8Array | undefined;
}

/**
 * Says where every host's traffic goes and what its certificate says.
 *
 * @param runDir - absolute path of the directory of the sockets
 * @param plan - what is measured, of exactly the workloads that are loaded
 * @param identity - the platform
 * @param eventLog - the runtime event log as it is now
 * @param withheld - names of workloads that are loaded but must not be served
 * @returns the complete content of a gateway state
 */
export function gatewayContent(
  runDir: string,
  plan: MeasurementPlan,
  identity: PlatformIdentity,
  eventLog: readonly RuntimeEvent[],
  withheld: ReadonlySet<string>,
): GatewayContent {
  const { tee, simulated, ccel } = identity;
  const { runtimeVersion, imageProfile, manifest } = plan.platform;
  return {
    platform: {
      tee,
      simulated,
      runtimeVersion,
      ...(imageProfile === undefined ? {} : { imageProfile }),
      manifest: toBase64(manifest),
      ...(ccel === undefined ? {} : { ccel: toBase64(ccel) }),
    },
    eventLog,
    hosts: plan.hosts
      .filter((host) => !isWithheld(host, withheld))
      .map((host) => ({
        ...destination(host, runDir),
        hostname: host.hostname,
        extensions: host.extensions.map(({ oid, value }) => ({ oid, value: toBase64(value) })),
      })),
  };
}

function isWithheld(host: PlannedHost, withheld: ReadonlySet<string>): boolean {
  return host.kind === 'workload' && withheld.has(host.workload.measured.config.name);
}

type Destination = Omit<GatewayHost, 'hostname' | 'extensions'>;

function destination(host: PlannedHost, runDir: string): Destination {
  switch (host.kind) {
    case 'platform':
      return {
        mode: 'http',
        upstream: `unix:${join(runDir, MANAGER_SOCKET)}`,
        attestation: 'certificate',
      };
    case 'workload':
      return workloadDestination(host.workload);
    case 'route':
      return routeDestination(host.route);
  }
}

function workloadDestination({ measured, manifest }: PlannedWorkload): Destination {
  const { mode, port, attestation } = measured.config;
  const address = `127.0.0.1:${String(port)}`;
  return {
    mode,
    upstream: mode === 'http' ? `http://${address}` : address,
    attestation,
    manifest: toBase64(manifest),
  };
}

function routeDestination({ mode, upstream, attestation, limits }: RouteConfig): Destination {
  const changed = stateLimits(limits);
  return {
    mode,
    upstream,
    attestation,
    ...(Object.keys(changed).length === 0 ? {} : { limits: changed }),
  };
}

function stateLimits(limits: HostLimits): GatewayHostLimits {
  return {
    ...(limits.body_bytes === undefined ? {} : { bodyBytes: limits.body_bytes }),
    ...(limits.request_timeout === undefined ? {} : { requestTimeoutMs: limits.request_timeout }),
    ...(limits.idle_timeout === undefined ? {} : { idleTimeoutMs: limits.idle_timeout }),
    ...(limits.response_timeout === undefined
      ? {}
      : { responseTimeoutMs: limits.response_timeout }),
  };
}
