// SPDX-License-Identifier: Apache-2.0
import type {
  AttestationServer,
  ContainerConfig,
  ContainerStatus,
  LogLine,
  VolumeStatus,
} from '@proofgate/api';
import type { RuntimeEvent } from '@proofgate/evidence';
import type { ExecRequest, ExecResult } from '../container/container-engine.ts';

/** A load that has been accepted; the rest happens by itself and shows in the status. */
export interface AcceptedLoad {
  /** Pinned reference; `process:` and the program of a workload without an image. */
  readonly image: string;
  /** Whether a version of it runs, which goes on serving until the new one is ready. */
  readonly replaces: boolean;
  /** What the event log will say, lower-case hex. */
  readonly specDigest: string;
  /** Root of its configuration tree, lower-case hex. */
  readonly configRoot: string;
}

/** Which part of a log is wanted. */
export interface LogSelection {
  readonly stream: 'stdout' | 'stderr' | 'all';
  /** How much of what is there already, counted from the end. */
  readonly tailBytes: number;
  /** Whether to go on with what is written later, until the signal is aborted. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** The log of the VM's own boot. */
export interface BootLog {
  readonly source: 'ccel' | 'tpm0';
  readonly bytes: Uint8Array;
}

/** A CA that has been put in force. */
export interface CaInForce {
  readonly commonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * What the management API works on: a launcher, reduced to what can be asked of it from outside. Names have the form of
 * DNS labels and fields have been checked one by one; what depends on the other workloads, the machine or the image is
 * for the target to refuse, with a coded error and before anything has happened.
 */
export interface ManagementTarget {
  /** False until the workloads have been measured and are supervised. */
  ready(): boolean;
  /** Every workload, in the order in which they were declared. */
  status(): readonly ContainerStatus[];
  /** What RTMR3 was extended with, oldest first. */
  eventLog(): readonly RuntimeEvent[];
  bootLog(): Promise<BootLog | undefined>;
  /**
   * Accepts a workload, which replaces one of the same name when it is ready. Returns before anything is fetched.
   *
   * @throws LauncherError ERR_LAUNCHER_REQUEST_REFUSED with what is wrong in relation to others, such as a port that is
   *   taken; what the runtime's `admit` throws
   */
  load(config: ContainerConfig): Promise<AcceptedLoad>;
  /** Ends a workload and forgets it; does nothing when there is none of this name. Returns when it is gone. */
  unload(name: string): Promise<void>;
  /**
   * @throws LauncherError ERR_LAUNCHER_WORKLOAD_UNKNOWN
   */
  logs(name: string, selection: LogSelection): AsyncIterable<LogLine>;
  /**
   * @throws LauncherError ERR_LAUNCHER_WORKLOAD_UNKNOWN, ERR_LAUNCHER_WORKLOAD_STATE when it does not run or is no container
   */
  exec(name: string, request: ExecRequest): Promise<ExecResult>;
  /**
   * Puts an extension into the certificate of a workload.
   *
   * @param oid - below `…65230.3.5`
   * @throws LauncherError ERR_LAUNCHER_WORKLOAD_UNKNOWN, and when all of them together are too large
   */
  setExtension(name: string, oid: string, value: Uint8Array): Promise<void>;
  /** Serves all of a workload; nothing happens when it was not waiting. @throws LauncherError ERR_LAUNCHER_WORKLOAD_UNKNOWN */
  completeConfig(name: string): Promise<void>;
  volumes(): Promise<readonly Omit<VolumeStatus, 'lv_name'>[]>;
  /**
   * @param bytes - new size
   * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when it would shrink or there is no room
   */
  resizeVolume(name: string, bytes: number): Promise<void>;
  /** @throws LauncherError ERR_LAUNCHER_VOLUME_IN_USE */
  deleteVolume(name: string): Promise<void>;
  /**
   * Puts another intermediary in force, measured before it signs anything.
   *
   * @throws LauncherError ERR_LAUNCHER_CA_INVALID when it is no CA, has another name, or the key is not its own
   */
  replaceCa(certificatePem: string, keyPem: string): Promise<CaInForce>;
  /** @returns what certificates carry from now on, lower-case hex */
  setAttestationServers(servers: readonly AttestationServer[]): Promise<string>;
}
