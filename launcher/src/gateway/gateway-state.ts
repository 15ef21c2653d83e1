// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import {
  formatHostPort,
  type ContainerConfig,
  type GatewayConfigure,
  type GatewayHost,
  type GatewayHostLimits,
  type HostLimits,
  type HostPort,
  type RouteConfig,
} from '@proofgate/api';
import { toBase64, type ExtensionValue, type RuntimeEvent } from '@proofgate/evidence';
import type { MeasurementPlan, PlannedHost } from '../measurement/measurement-plan.ts';
import type { Serving } from '../supervision/fleet-member.ts';
import type { GatewayContent } from './gateway-publisher.ts';

/** The socket, below `run_dir`, behind the platform's host name. */
export const MANAGER_SOCKET = 'manager.sock';

/** What the launcher knows about the platform that produces the evidence. */
export interface PlatformIdentity {
  readonly tee: 'tdx' | 'sev-snp';
  readonly simulated: boolean;
  /** The firmware's event log, if it keeps one. */
  readonly ccel: Uint8Array | undefined;
}

/** How a workload is served at this moment. */
export interface WorkloadServing extends Serving {
  /** What the workload itself adds to its certificate. */
  readonly extensions?: readonly ExtensionValue[];
  /** The route by which its owner configures it. */
  readonly configure?: GatewayConfigure | undefined;
}

/** What a gateway state is made of. */
export interface GatewayInput {
  /** Absolute path of the directory of the sockets. */
  readonly runDir: string;
  /** What is measured, of exactly the workloads that are loaded. */
  readonly plan: MeasurementPlan;
  readonly identity: PlatformIdentity;
  /** The runtime event log as it is now. */
  readonly eventLog: readonly RuntimeEvent[];
  /** How workloads are served, by name; the others are not. */
  readonly serving: ReadonlyMap<string, WorkloadServing>;
}

/**
 * Says where every host's traffic goes and what its certificate says.
 *
 * @param input - what is measured and what is served
 * @returns the complete content of a gateway state
 */
export function gatewayContent(input: GatewayInput): GatewayContent {
  const { plan, identity, eventLog } = input;
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
    hosts: plan.hosts.flatMap((host) => {
      const described = describeHost(host, input);
      return described === undefined ? [] : [described];
    }),
  };
}

function describeHost(
  host: PlannedHost,
  { runDir, serving }: GatewayInput,
): GatewayHost | undefined {
  const { hostname } = host;
  switch (host.kind) {
    case 'platform':
      return {
        hostname,
        mode: 'http',
        upstream: `unix:${join(runDir, MANAGER_SOCKET)}`,
        attestation: 'certificate',
        extensions: encodeExtensions(host.extensions),
      };
    case 'workload': {
      const { measured, manifest } = host.workload;
      const served = serving.get(measured.config.name);
      if (served === undefined) return undefined;
      return {
        ...workloadDestination(measured.config, served),
        hostname,
        spec: measured.specDigest,
        extensions: encodeExtensions([...host.extensions, ...(served.extensions ?? [])]),
        manifest: toBase64(manifest),
      };
    }
    case 'route':
      return {
        ...routeDestination(host.route),
        hostname,
        extensions: encodeExtensions(host.extensions),
      };
  }
}

function encodeExtensions(extensions: readonly ExtensionValue[]): GatewayHost['extensions'] {
  return extensions.map(({ oid, value }) => ({ oid, value: toBase64(value) }));
}

type Destination = Omit<GatewayHost, 'hostname' | 'extensions'>;

function workloadDestination(
  { mode, attestation, clients, client_policy: policy }: ContainerConfig,
  { address, retiring, configure }: WorkloadServing,
): Destination {
  const upstream = (place: HostPort): string => {
    const text = formatHostPort(place);
    return mode === 'http' ? `http://${text}` : text;
  };
  return {
    mode,
    upstream: upstream(address),
    ...(retiring === undefined ? {} : { retiring: upstream(retiring) }),
    attestation,
    ...(configure === undefined ? {} : { configure }),
    ...(clients === 'none' || policy === undefined ? {} : { clients: { mode: clients, policy } }),
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
