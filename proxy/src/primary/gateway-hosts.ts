// SPDX-License-Identifier: Apache-2.0
import {
  parseUpstream,
  type GatewayHost,
  type GatewayState,
  type Limits,
  type RouteConfig,
  type Upstream,
} from '@proofgate/api';
import {
  ATTESTATION_ARC,
  encodeAuditManifest,
  fromBase64,
  fromHex,
  loadedWorkloads,
  OID,
  platformTree,
  routeExtensions,
  sha256,
  toHex,
  utf8,
  type ExtensionValue,
  type PlatformFacts,
} from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';
import {
  identitySpec,
  type IdentityContent,
  type IdentitySpec,
} from '../identity/identity-spec.ts';
import type { Route } from '../ipc/snapshot.ts';
import type { RouteClients } from '../peer/route-clients.ts';
import { parseClientPolicy, routeClients, type OwnClients } from './client-rules.ts';
import { PROXY_RUNTIME_VERSION } from './proxy-version.ts';
import { routeLimits, stateLimits } from './route-limits.ts';

/** What the proxy takes from its own file and machine. */
export interface OwnHosts {
  readonly routes: readonly RouteConfig[];
  readonly limits: Limits;
  readonly caCertFile: Uint8Array;
  readonly clients: OwnClients;
  readonly attestationServers: readonly string[];
  readonly imageProfile: string | undefined;
  /** The firmware's event log. */
  readonly ccel: Uint8Array | undefined;
  /** The file also names workloads: a launcher will say what runs, and nothing is claimed before it has. */
  readonly awaitLauncher: boolean;
}

/** A host as it should be served. */
export interface DesiredHost {
  readonly route: Route;
  /** Where the workload that is published now under this name goes on after a change. */
  readonly retiring: Upstream | undefined;
  readonly spec: IdentitySpec;
}

/** OIDs of what a certificate says about a workload, RA-TLS v1. */
const WORKLOAD_ARC = `${ATTESTATION_ARC}.3.`;

/** OIDs of what a workload says about itself in a certificate. */
const STATEMENT_ARC = `${OID.configurationHash}.`;

/**
 * All hosts that the proxy should serve: the launcher's own (its workloads and itself) and the routes of the proxy's
 * file. A launcher that reads the same file pushes its routes too, as the file was when it started: the launcher says
 * what their certificates contain, and the proxy's file alone says which there are and where they lead.
 *
 * @throws ProxyError ERR_PROXY_HOST_CONFLICT when a route has the name of one of the launcher's own hosts;
 *   ERR_PROXY_CLIENT_POLICY; EvidenceError when facts cannot be measured
 */
export function desiredHosts(own: OwnHosts, state: GatewayState | undefined): DesiredHost[] {
  if (state === undefined && own.awaitLauncher) return [];
  const facts = platformFacts(own, state);
  const pushed = new Map(state?.hosts.map((host) => [host.hostname, host]));
  const launched =
    state?.hosts.filter(isLaunched).map((host) => pushedHost(own, state, host)) ?? [];
  const routes = own.routes.map((route) => {
    const same = pushed.get(route.hostname);
    if (state === undefined || same === undefined) return ownHost(own, state, facts, route);
    if (isLaunched(same)) throw conflict(route, same);
    const { mode, upstream, attestation, limits } = route;
    const host = { ...same, mode, upstream, attestation, limits: stateLimits(limits) };
    return pushedHost(own, state, host, route);
  });
  return [...launched, ...routes];
}

/** Whether a certificate describes a workload or the platform: that of a route describes neither. */
function isLaunched({ extensions }: GatewayHost): boolean {
  return extensions.some(({ oid }) => oid.startsWith(WORKLOAD_ARC) || oid === OID.platformRoot);
}

function conflict(route: RouteConfig, pushed: GatewayHost): ProxyError {
  return new ProxyError('ERR_PROXY_HOST_CONFLICT', `host ${route.hostname} is named twice`, {
    expected: `a route to ${route.mode} ${route.upstream}, as in the proxy's own file`,
    seen: `a host of the launcher at ${pushed.mode} ${pushed.upstream}, in the gateway state`,
    hint: 'remove one of them, or restart the launcher after a change of the file',
  });
}

function pushedHost(
  own: OwnHosts,
  state: GatewayState,
  host: GatewayHost,
  route?: RouteConfig,
): DesiredHost {
  const { manifest, ccel } = state.platform;
  const content = {
    hostname: host.hostname,
    attestation: host.attestation,
    extensions: host.extensions.map(({ oid, value }) => ({ oid, value: fromBase64(value) })),
    spec: host.spec,
    eventLog: state.eventLog,
    ccel: ccel === undefined ? own.ccel : fromBase64(ccel),
    manifests: {
      ...(manifest === undefined ? {} : { platform: fromBase64(manifest) }),
      ...(host.manifest === undefined ? {} : { workload: fromBase64(host.manifest) }),
    },
  };
  const clients = route === undefined ? pushedClients(own, host) : ownClients(own, route);
  return desiredHost(own, host, content, { route, clients });
}

function ownHost(
  own: OwnHosts,
  state: GatewayState | undefined,
  facts: PlatformFacts,
  route: RouteConfig,
): DesiredHost {
  return desiredHost(
    own,
    { ...route, limits: stateLimits(route.limits) },
    {
      hostname: route.hostname,
      attestation: route.attestation,
      extensions: routeExtensions(facts),
      eventLog: state?.eventLog ?? [],
      ccel: own.ccel,
      manifests: { platform: encodeAuditManifest(platformTree(facts)) },
    },
    { route, clients: ownClients(own, route) },
  );
}

/** What the launcher says about the clients of one of its hosts. */
function pushedClients(
  { clients: { settings } }: OwnHosts,
  { hostname, mode, clients }: GatewayHost,
): RouteClients | undefined {
  if (clients === undefined) return undefined;
  const policy = parseClientPolicy(hostname, clients.policy);
  return routeClients({ hostname, mode, clients: clients.mode }, policy, settings);
}

/** What the proxy's own file says about the clients of a route. */
function ownClients(
  { clients: { policies, settings } }: OwnHosts,
  { hostname, mode, clients }: RouteConfig,
): RouteClients | undefined {
  if (clients === 'none') return undefined;
  const policy = policies.get(hostname);
  // Never without: the policies were read for these very routes.
  if (policy === undefined) throw new TypeError(`no policy for ${hostname}`);
  return routeClients({ hostname, mode, clients }, policy, settings);
}

/** What no launcher says of a host in this form. */
interface OwnSettings {
  /** In the proxy's own file. */
  readonly route: RouteConfig | undefined;
  readonly clients: RouteClients | undefined;
}

function desiredHost(
  own: OwnHosts,
  host: Pick<GatewayHost, 'hostname' | 'mode' | 'upstream' | 'retiring' | 'limits' | 'configure'>,
  content: IdentityContent,
  { route, clients }: OwnSettings,
): DesiredHost {
  const { hostname, mode, retiring } = host;
  return {
    spec: identitySpec(content),
    retiring: retiring === undefined ? undefined : parseUpstream(retiring, mode),
    route: {
      hostname,
      mode,
      upstream: parseUpstream(host.upstream, mode),
      alpn: route?.alpn,
      proxyProtocol: route?.proxy_protocol,
      workload: nameWorkload(content),
      statements: statementsOf(content.extensions),
      configure: routeConfigure(host.configure),
      clients,
      limits: routeLimits(own.limits, mode, host.limits, route?.limits),
      responseHeaders: route?.response_headers && Object.entries(route.response_headers).flat(),
    },
  };
}

function routeConfigure(configure: GatewayHost['configure']): Route['configure'] {
  if (configure === undefined) return undefined;
  return { ...configure, upstream: parseUpstream(configure.upstream, 'http') };
}

/** What the workload says about itself, each as one value. */
function statementsOf(extensions: readonly ExtensionValue[]): string[] {
  return extensions
    .filter(({ oid }) => oid.startsWith(STATEMENT_ARC))
    .map(({ oid, value }) => toHex(sha256(utf8(`${oid}=${toHex(value)}`))));
}

/** What certificate and log say about the workload, as one value; empty for a route that something else serves. */
function nameWorkload({ extensions, spec }: IdentityContent): string {
  const values = extensions
    .filter(({ oid }) => oid.startsWith(WORKLOAD_ARC) && !oid.startsWith(STATEMENT_ARC))
    .map(({ oid, value }) => `${oid}=${toHex(value)}`);
  if (spec !== undefined) values.push(`spec=${spec}`);
  return values.length === 0 ? '' : toHex(sha256(utf8(values.toSorted().join('\n'))));
}

function platformFacts(own: OwnHosts, state: GatewayState | undefined): PlatformFacts {
  const loaded = loadedWorkloads(state?.eventLog ?? []);
  // A name that was loaded again stands for what was loaded last.
  const byName = new Map(
    loaded.map(({ name, imageDigest }) => [name, { name, imageDigest: fromHex(imageDigest) }]),
  );
  return {
    caCertFile: own.caCertFile,
    attestationServers: own.attestationServers,
    runtimeVersion: state?.platform.runtimeVersion ?? PROXY_RUNTIME_VERSION,
    imageProfile: state?.platform.imageProfile ?? own.imageProfile,
    workloads: [...byName.values()],
  };
}
