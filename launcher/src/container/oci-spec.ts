// SPDX-License-Identifier: Apache-2.0
import type { SeccompProfile } from './seccomp-profile.ts';

/** A mount of {@link OciRuntimeSpec}. */
export interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A range of ids of {@link OciRuntimeSpec}. */
export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** A program to be run in a container, its first or a further one. */
export interface OciProcess {
  readonly terminal: false;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask: number;
    readonly additionalGids: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Readonly<Record<OciCapabilitySet, readonly string[]>>;
  readonly rlimits: readonly {
    readonly type: string;
    readonly soft: number;
    readonly hard: number;
  }[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj: number;
}

/** The sets of `capabilities(7)`. */
export type OciCapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';

/** One line of the device control group. */
export interface OciDeviceRule {
  readonly allow: boolean;
  readonly access: string;
  readonly type?: 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
}

/** A device node to be made. */
export interface OciDevice {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Limits of {@link OciRuntimeSpec}. */
export interface OciResources {
  readonly devices: readonly OciDeviceRule[];
  readonly pids: { readonly limit: number };
  readonly memory?: { readonly limit: number; readonly swap: number };
  readonly cpu?: { readonly quota: number; readonly period: number };
}

/** What an OCI runtime is told about a container, as far as the launcher uses it (OCI runtime-spec 1.0.2). */
export interface OciRuntimeSpec {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
    readonly uidMappings?: readonly OciIdMapping[];
    readonly gidMappings?: readonly OciIdMapping[];
    readonly cgroupsPath: string;
    readonly resources: OciResources;
    readonly devices: readonly OciDevice[];
    readonly sysctl: Readonly<Record<string, string>>;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly seccomp?: SeccompProfile;
  };
}
