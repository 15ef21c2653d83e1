// SPDX-License-Identifier: Apache-2.0
import type {
  ContainerRecord,
  ContentDescriptor,
  EventEnvelope,
  ImageRecord,
  Labels,
  Mount,
  Packed,
  Plugin,
  ProcessExit,
  ProcessRequest,
  SnapshotInfo,
  SnapshotKey,
  Streams,
  TaskProcess,
  WriteRequest,
  WriteResponse,
} from './messages.ts';
import { codec, method, type Codec, type Method } from './wire-format.ts';

type Empty = Record<string, never>;
type Filters = { readonly filters: readonly string[] };
type ById = { readonly id: string };

/** containerd.services.version.v1 */
export const VERSION: Method<Empty, { readonly version: string }> = method(
  'version.v1.Version',
  'Version',
);

/** containerd.services.introspection.v1 */
export const PLUGINS: Method<Filters, { readonly plugins: readonly Plugin[] }> = method(
  'introspection.v1.Introspection',
  'Plugins',
);

/** containerd.services.leases.v1 */
export const LEASES: {
  readonly create: Method<{ readonly id: string; readonly labels: Labels }, unknown>;
  readonly delete: Method<{ readonly id: string; readonly sync: boolean }, unknown>;
  readonly list: Method<Filters, { readonly leases: readonly ById[] }>;
  readonly addResource: Method<
    { readonly id: string; readonly resource: { readonly id: string; readonly type: string } },
    unknown
  >;
} = {
  create: method('leases.v1.Leases', 'Create'),
  delete: method('leases.v1.Leases', 'Delete'),
  list: method('leases.v1.Leases', 'List'),
  addResource: method('leases.v1.Leases', 'AddResource'),
};

/** containerd.services.content.v1; `write` is a stream in both directions. */
export const CONTENT: {
  readonly write: Method<WriteRequest, WriteResponse>;
  readonly abort: Method<{ readonly ref: string }, unknown>;
} = {
  write: method('content.v1.Content', 'Write'),
  abort: method('content.v1.Content', 'Abort'),
};

/** containerd.services.diff.v1 */
export const APPLY: Method<
  { readonly diff: ContentDescriptor; readonly mounts: readonly Mount[] },
  { readonly applied: ContentDescriptor | null }
> = method('diff.v1.Diff', 'Apply');

/** containerd.services.images.v1 */
export const IMAGES: {
  readonly get: Method<{ readonly name: string }, { readonly image: ImageRecord | null }>;
  readonly list: Method<Filters, { readonly images: readonly ImageRecord[] }>;
  readonly create: Method<{ readonly image: ImageRecord }, unknown>;
  readonly update: Method<{ readonly image: ImageRecord }, unknown>;
  readonly delete: Method<{ readonly name: string; readonly sync: boolean }, unknown>;
} = {
  get: method('images.v1.Images', 'Get'),
  list: method('images.v1.Images', 'List'),
  create: method('images.v1.Images', 'Create'),
  update: method('images.v1.Images', 'Update'),
  delete: method('images.v1.Images', 'Delete'),
};

/** containerd.services.snapshots.v1; `list` answers with a stream. */
export const SNAPSHOTS: {
  readonly prepare: Method<
    SnapshotKey & { readonly parent: string; readonly labels: Labels },
    { readonly mounts: readonly Mount[] }
  >;
  readonly commit: Method<SnapshotKey & { readonly name: string }, unknown>;
  readonly remove: Method<SnapshotKey, unknown>;
  readonly stat: Method<SnapshotKey, { readonly info: SnapshotInfo | null }>;
  readonly list: Method<
    Filters & { readonly snapshotter: string },
    { readonly info: readonly SnapshotInfo[] }
  >;
} = {
  prepare: method('snapshots.v1.Snapshots', 'Prepare'),
  commit: method('snapshots.v1.Snapshots', 'Commit'),
  remove: method('snapshots.v1.Snapshots', 'Remove'),
  stat: method('snapshots.v1.Snapshots', 'Stat'),
  list: method('snapshots.v1.Snapshots', 'List'),
};

/** containerd.services.containers.v1 */
export const CONTAINERS: {
  readonly get: Method<ById, { readonly container: ContainerRecord | null }>;
  readonly list: Method<Filters, { readonly containers: readonly ContainerRecord[] }>;
  readonly create: Method<{ readonly container: ContainerRecord }, unknown>;
  readonly delete: Method<ById, unknown>;
} = {
  get: method('containers.v1.Containers', 'Get'),
  list: method('containers.v1.Containers', 'List'),
  create: method('containers.v1.Containers', 'Create'),
  delete: method('containers.v1.Containers', 'Delete'),
};

/** containerd.services.tasks.v1 */
export const TASKS: {
  readonly create: Method<
    Streams & { readonly containerId: string; readonly rootfs: readonly Mount[] },
    { readonly pid: number }
  >;
  readonly start: Method<ProcessRequest, { readonly pid: number }>;
  readonly delete: Method<{ readonly containerId: string }, ProcessExit>;
  readonly deleteProcess: Method<ProcessRequest, ProcessExit>;
  readonly get: Method<ProcessRequest, { readonly process: TaskProcess | null }>;
  readonly list: Method<{ readonly filter: string }, { readonly tasks: readonly TaskProcess[] }>;
  readonly kill: Method<
    ProcessRequest & { readonly signal: number; readonly all: boolean },
    unknown
  >;
  readonly exec: Method<
    Streams & { readonly containerId: string; readonly execId: string; readonly spec: Packed },
    unknown
  >;
  readonly wait: Method<ProcessRequest, ProcessExit>;
} = {
  create: method('tasks.v1.Tasks', 'Create'),
  start: method('tasks.v1.Tasks', 'Start'),
  delete: method('tasks.v1.Tasks', 'Delete'),
  deleteProcess: method('tasks.v1.Tasks', 'DeleteProcess'),
  get: method('tasks.v1.Tasks', 'Get'),
  list: method('tasks.v1.Tasks', 'List'),
  kill: method('tasks.v1.Tasks', 'Kill'),
  exec: method('tasks.v1.Tasks', 'Exec'),
  wait: method('tasks.v1.Tasks', 'Wait'),
};

/** containerd.services.events.v1; answers with a stream. */
export const SUBSCRIBE: Method<Filters, EventEnvelope> = method('events.v1.Events', 'Subscribe');

/** containerd.runc.v1.Options */
export const RUNC_OPTIONS: Codec<{
  readonly binaryName: string;
  readonly root: string;
  readonly ioUid: number;
  readonly ioGid: number;
}> = codec('RuncOptions');

/** containerd.events.TaskOOM */
export const OUT_OF_MEMORY: Codec<{ readonly containerId: string }> = codec('OutOfMemory');
