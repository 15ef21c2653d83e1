// SPDX-License-Identifier: Apache-2.0

/** A file system that a container sees besides its image. */
export type ContainerMount =
  | {
      readonly kind: 'bind';
      /** Absolute path in the VM. */
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** Whether programs on it may be executed. */
      readonly exec: boolean;
    }
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly sizeBytes: number;
      readonly mode: number;
    };

/** Bounds that the kernel keeps; `undefined` is no bound. */
export interface ContainerLimits {
  readonly memoryBytes: number | undefined;
  /** Cores, may be a fraction. */
  readonly vcpus: number | undefined;
  readonly pids: number;
  readonly nofile: number;
}

/** A device of the VM that a container may use. */
export interface ContainerDevice {
  readonly path: string;
  readonly kind: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
}

/**
 * Everything an engine needs to run one container, resolved against its image and this machine: numbers instead of
 * names, absolute paths, no defaults left open. Both engines run the same value, so they cannot differ by accident.
 */
export interface ContainerSpec {
  /** Identifier in the engine, unique per start: `<workload>-<8 hex>`. */
  readonly id: string;
  readonly workload: string;
  readonly hostname: string;
  /** Program and arguments, the init included. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly mounts: readonly ContainerMount[];
  readonly devices: readonly ContainerDevice[];
  readonly limits: ContainerLimits;
  readonly readOnlyRoot: boolean;
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'default' | 'unconfined';
  /** Capabilities that it has; all others are dropped from every set. */
  readonly capabilities: readonly string[];
  readonly maskedPaths: boolean;
  /** First id of the VM that container ids are mapped to, 65536 of them; `undefined` without a user namespace. */
  readonly userNamespaceBase: number | undefined;
  /** Signal number that asks it to end. */
  readonly stopSignal: number;
  /** Labels in the engine, by which a later launcher finds it. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels that every container of ours has. */
export const CONTAINER_LABELS = {
  /** Which launcher it belongs to: its data directory, hashed. */
  owner: 'proofgate.owner',
  workload: 'proofgate.workload',
  /** Pin of its image. */
  image: 'proofgate.image',
  /** `spec_digest` of the event log. */
  spec: 'proofgate.spec',
} as const;
