// SPDX-License-Identifier: Apache-2.0
import { replayRuntimeEvents, toHex, type RuntimeEvent } from '@proofgate/evidence';
import type { WorkloadVersion } from './workload-version.ts';

/** What a workload may know about the VM that it runs in; all of it is in certificates as well. */
export interface PlatformDescription {
  readonly tee: 'tdx' | 'sev-snp';
  /** True when a software platform signs: nothing about hardware is proved. */
  readonly simulated: boolean;
  readonly runtimeVersion: string;
  readonly imageProfile: string | undefined;
  /** Root of the platform's configuration tree, hex. */
  readonly root: string;
  /** SHA-256 of the CA's public key, hex. */
  readonly caSpkiSha256: string;
}

/** Answer to `GET /v1/identity`: who a workload is, as everybody else is told. */
export interface WorkloadIdentityDocument {
  readonly version: 1;
  readonly name: string;
  readonly imageRef: string;
  /** 64 hex digits, as all digests here. */
  readonly imageDigest: string;
  readonly configRoot: string;
  readonly specDigest: string;
  readonly appId?: string;
  /** Names that it is served under. */
  readonly hostnames: readonly string[];
  readonly platform: Omit<PlatformDescription, 'imageProfile'> & { readonly imageProfile?: string };
  readonly eventLog: {
    /** Events up to now. */
    readonly length: number;
    /** Which of them, counted from 0, says that this workload is loaded; the last one that does. */
    readonly loadedAt: number | null;
    /** What the events replay to, hex. */
    readonly rtmr3: string;
  };
  readonly configuration: {
    /** Whether an owner has to configure it before the rest is served. */
    readonly awaited: boolean;
    readonly completed: boolean;
  };
}

/**
 * Writes the identity document of a workload.
 *
 * @param version - the workload
 * @param platform - the VM
 * @param events - the runtime event log as it is now
 * @param configured - whether the running instance has been configured
 * @returns the document
 */
export function identityDocument(
  { measured, root }: WorkloadVersion,
  platform: PlatformDescription,
  events: readonly RuntimeEvent[],
  configured: boolean,
): WorkloadIdentityDocument {
  const { config, imageRef, imageDigest, specDigest } = measured;
  const { imageProfile, ...facts } = platform;
  const loadedAt = events.findLastIndex(
    (event) =>
      event.type === 'proofgate.workload.load' &&
      event.name === config.name &&
      event.image_digest === imageDigest &&
      event.config_root === root &&
      event.spec_digest === specDigest,
  );
  const isServed = !config.internal && config.hostname !== undefined;
  return {
    version: 1,
    name: config.name,
    imageRef,
    imageDigest,
    configRoot: root,
    specDigest,
    ...(config.app_id === undefined ? {} : { appId: config.app_id }),
    hostnames: isServed ? [config.hostname ?? ''] : [],
    platform: { ...facts, ...(imageProfile === undefined ? {} : { imageProfile }) },
    eventLog: {
      length: events.length,
      loadedAt: loadedAt === -1 ? null : loadedAt,
      rtmr3: toHex(replayRuntimeEvents(events)),
    },
    configuration: {
      awaited: config.config_api !== undefined && !config.config_api.optional,
      completed: configured,
    },
  };
}
