// SPDX-License-Identifier: Apache-2.0
import {
  managerHostname,
  type ContainerConfig,
  type RouteConfig,
  type VmConfig,
} from '@proofgate/api';
import {
  describeOid,
  encodeAuditManifest,
  fromHex,
  fromUtf8,
  platformExtensions,
  platformTree,
  replayRuntimeEvents,
  routeExtensions,
  toHex,
  workloadExtensions,
  workloadTree,
  type ExtensionValue,
  type PlatformFacts,
  type RuntimeEvent,
  type WorkloadFacts,
} from '@proofgate/evidence';
import { RUNTIME_VERSION } from '../launcher-version.ts';
import { GENERATED_KEY } from '../volumes/encrypted-volume.ts';
import { measureWorkload } from './measure-workload.ts';
import type { MeasuredWorkload } from './measured-workload.ts';
import { readPlatformFiles, type PlatformFiles } from './platform-files.ts';

/** Everything measurable that a config file produces. */
export interface MeasurementPlan {
  /** What files contributed. */
  readonly files: PlatformFiles;
  readonly platform: PlannedPlatform;
  /** In the order of the file, which is the order of their events. */
  readonly workloads: readonly PlannedWorkload[];
  readonly hosts: readonly PlannedHost[];
  /** What a fresh boot logs, in order. */
  readonly events: readonly RuntimeEvent[];
  /** RTMR3 in hex after these events, from a register of zeros. */
  readonly rtmr3: string;
}

/** The platform as its tree and its certificates show it. */
export interface PlannedPlatform {
  /** Root of the configuration tree, hex. */
  readonly root: string;
  /** Audit manifest of the tree. */
  readonly manifest: Uint8Array;
  readonly runtimeVersion: string;
  readonly imageProfile: string | undefined;
  readonly event: RuntimeEvent;
}

/** A workload as its tree and its event show it. */
export interface PlannedWorkload {
  readonly measured: MeasuredWorkload;
  /** Root of the configuration tree, hex. */
  readonly root: string;
  /** Audit manifest of the tree. */
  readonly manifest: Uint8Array;
  readonly event: RuntimeEvent;
}

/**
 * One host and what its certificate will say: `platform` is the management host, `route` leads to something that the
 * launcher does not start.
 */
export type PlannedHost = {
  readonly hostname: string;
  readonly extensions: readonly PlannedExtension[];
} & (
  | { readonly kind: 'platform' }
  | { readonly kind: 'workload'; readonly workload: PlannedWorkload }
  | { readonly kind: 'route'; readonly route: RouteConfig }
);

/** A certificate extension, for programs and for people. */
export interface PlannedExtension extends ExtensionValue {
  readonly name: string;
  /** The value as text where it is one, otherwise as hex. */
  readonly text: string;
}

/**
 * Computes everything measurable that a config file produces, before anything runs. The launcher uses the same
 * function for what it does, so a plan differs from reality only if a file has changed in between.
 *
 * @param config - the checked config file
 * @returns roots, extensions per host, events and the final RTMR3
 * @throws LauncherError when a workload cannot be run as declared or the CA file is not a certificate; DaemonError when
 *   a file cannot be read; EvidenceError when a value cannot be measured unambiguously
 *
 * @example
 * ```ts
 * const plan = await planMeasurements(await readConfigFile('proofgate.yaml', vmConfigSchema));
 * console.log(plan.rtmr3);
 * ```
 */
export async function planMeasurements(config: VmConfig): Promise<MeasurementPlan> {
  const files = await readPlatformFiles(config.platform);
  const measured: MeasuredWorkload[] = [];
  const { exec } = config.platform.containers;
  for (const container of config.containers) measured.push(await measureWorkload(container, exec));
  return computePlan(config, files, measured);
}

/**
 * The pure part of {@link planMeasurements}.
 *
 * @param config - the checked config file; its `containers` are not looked at
 * @param files - what files contribute
 * @param measured - the workloads, measured
 * @returns the plan
 * @throws EvidenceError when a value cannot be measured unambiguously
 */
export function computePlan(
  config: VmConfig,
  files: PlatformFiles,
  measured: readonly MeasuredWorkload[],
): MeasurementPlan {
  const facts: PlatformFacts = {
    caCertFile: files.caCertFile,
    attestationServers: config.platform.attestation_servers,
    runtimeVersion: RUNTIME_VERSION,
    imageProfile: files.imageProfile,
    workloads: measured.map(({ config: { name }, imageDigest }) => ({
      name,
      imageDigest: fromHex(imageDigest),
    })),
  };
  const platform = planPlatform(files, facts);
  const workloads = measured.map(planWorkload);
  const events = [platform.event, ...workloads.map(({ event }) => event)];
  return {
    files,
    platform,
    workloads,
    hosts: planHosts(config, workloads, facts),
    events,
    rtmr3: toHex(replayRuntimeEvents(events)),
  };
}

function planPlatform(files: PlatformFiles, facts: PlatformFacts): PlannedPlatform {
  const tree = platformTree(facts);
  const root = toHex(tree.root);
  return {
    root,
    manifest: encodeAuditManifest(tree),
    runtimeVersion: facts.runtimeVersion,
    imageProfile: files.imageProfile,
    event: {
      type: 'proofgate.platform',
      ca_spki_sha256: files.caSpkiSha256,
      runtime_version: facts.runtimeVersion,
      ...(files.imageProfile === undefined ? {} : { image_profile: files.imageProfile }),
      platform_root: root,
    },
  };
}

/**
 * Computes what is measured of one workload, which depends on nothing else.
 *
 * @param measured - the workload, measured
 * @returns its tree and its event
 * @throws EvidenceError when a value cannot be measured unambiguously
 */
export function planWorkload(measured: MeasuredWorkload): PlannedWorkload {
  const tree = workloadTree(workloadFacts(measured));
  const root = toHex(tree.root);
  return {
    measured,
    root,
    manifest: encodeAuditManifest(tree),
    event: {
      type: 'proofgate.workload.load',
      name: measured.config.name,
      image_ref: measured.imageRef,
      image_digest: measured.imageDigest,
      config_root: root,
      spec_digest: measured.specDigest,
    },
  };
}

function planHosts(
  config: VmConfig,
  workloads: readonly PlannedWorkload[],
  facts: PlatformFacts,
): readonly PlannedHost[] {
  const manager = managerHostname(config.platform);
  const hosts: PlannedHost[] = [];
  if (manager !== undefined) {
    const extensions = platformExtensions(facts).map(describeExtension);
    hosts.push({ kind: 'platform', hostname: manager, extensions });
  }
  for (const workload of workloads) {
    const { hostname, internal } = workload.measured.config;
    if (internal || hostname === undefined) continue;
    const extensions = workloadExtensions(workloadFacts(workload.measured), facts);
    hosts.push({
      kind: 'workload',
      hostname,
      workload,
      extensions: extensions.map(describeExtension),
    });
  }
  for (const route of config.routes) {
    const extensions = routeExtensions(facts).map(describeExtension);
    hosts.push({ kind: 'route', hostname: route.hostname, route, extensions });
  }
  return hosts;
}

function workloadFacts({ config, imageRef, imageDigest }: MeasuredWorkload): WorkloadFacts {
  return {
    name: config.name,
    imageRef,
    imageDigest: fromHex(imageDigest),
    command: config.command,
    env: config.env,
    volumes: measuredVolumes(config),
    appId: config.app_id,
    volumeKeyOrigin: config.storage === undefined ? undefined : GENERATED_KEY,
  };
}

/** With the volume that `storage` adds, as RA-TLS v1 names it. */
function measuredVolumes({ name, volumes, storage }: ContainerConfig): readonly string[] {
  return storage === undefined ? volumes : [...volumes, `/run/containers/${name}:/data`];
}

function describeExtension({ oid, value }: ExtensionValue): PlannedExtension {
  const description = describeOid(oid);
  return {
    oid,
    value,
    name: description?.name ?? oid,
    text: description?.encoding === 'text' ? fromUtf8(value) : toHex(value),
  };
}
