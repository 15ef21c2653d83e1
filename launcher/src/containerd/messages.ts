// SPDX-License-Identifier: Apache-2.0

/** A moment; `null` on the wire when it is not set. */
export interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

/** A message of a type that its URL names (google.protobuf.Any). */
export interface Packed {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A mount that containerd makes or wants to be made. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target?: string;
  readonly options: readonly string[];
}

/** Points to content. */
export interface ContentDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Name and value, both text. */
export type Labels = Readonly<Record<string, string>>;

/** An image record: a name that keeps content and snapshots alive. */
export interface ImageRecord {
  readonly name: string;
  readonly labels: Labels;
  readonly target: ContentDescriptor | null;
}

/** A container record: what a task is made from. */
export interface ContainerRecord {
  readonly id: string;
  readonly labels: Labels;
  readonly image: string;
  readonly runtime: { readonly name: string; readonly options: Packed | null } | null;
  readonly spec: Packed | null;
  readonly snapshotter: string;
  readonly snapshotKey: string;
}

/** How far a task is. */
export type TaskStatus = 'UNKNOWN' | 'CREATED' | 'RUNNING' | 'STOPPED' | 'PAUSED' | 'PAUSING';

/** A task, or a program that was run in one. */
export interface TaskProcess {
  /** Of a task, the id of its container. */
  readonly id: string;
  readonly pid: number;
  readonly status: TaskStatus;
  readonly exitStatus: number;
  readonly exitedAt: Time | null;
}

/** How a process ended. */
export interface ProcessExit {
  readonly exitStatus: number;
  readonly exitedAt: Time | null;
}

/** Names a task, or with `execId` a program that was run in it. */
export interface ProcessRequest {
  readonly containerId: string;
  readonly execId?: string;
}

/** Names a snapshot. */
export interface SnapshotKey {
  readonly snapshotter: string;
  readonly key: string;
}

/** What is known of a snapshot. */
export interface SnapshotInfo {
  readonly name: string;
  readonly parent: string;
  readonly kind: 'UNKNOWN' | 'VIEW' | 'ACTIVE' | 'COMMITTED';
  readonly labels: Labels;
}

/** A step of writing content. */
export interface WriteRequest {
  readonly action: 'STAT' | 'WRITE' | 'COMMIT';
  readonly ref: string;
  readonly total: number;
  readonly expected: string;
  readonly offset: number;
  readonly data?: Uint8Array;
}

/** Answer to a {@link WriteRequest}. */
export interface WriteResponse {
  readonly action: 'STAT' | 'WRITE' | 'COMMIT';
  readonly offset: number;
  readonly digest: string;
}

/** Where the streams of a process go: paths; empty is nowhere. */
export interface Streams {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** Something that happened. */
export interface EventEnvelope {
  readonly timestamp: Time | null;
  readonly namespace: string;
  readonly topic: string;
  readonly event: Packed | null;
}

/** A part of containerd, and why it does not work if it does not. */
export interface Plugin {
  readonly type: string;
  readonly id: string;
  readonly initError: { readonly message: string } | null;
}
