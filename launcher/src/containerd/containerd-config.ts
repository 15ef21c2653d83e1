// SPDX-License-Identifier: Apache-2.0

/** Where a containerd of our own keeps its files. */
export interface ContainerdPaths {
  /** What may outlive a restart of containerd; content and snapshots. */
  readonly root: string;
  /** Mounts and specifications of what runs; on a tmpfs, since they hold the environment of containers. */
  readonly state: string;
  readonly socket: string;
  /** Where plugins could be installed; none are. */
  readonly opt: string;
}

/**
 * What is not used: the Kubernetes interface, which opens a port and pulls images by itself, restarts without a limit,
 * and file systems that need devices of their own.
 */
const DISABLED_PLUGINS: readonly string[] = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.internal.v1.restart',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
];

/**
 * Writes the configuration of a containerd of our own, in version 2, which every release since 1.3 reads.
 *
 * @returns TOML
 */
export function containerdConfig({ root, state, socket, opt }: ContainerdPaths): string {
  return `version = 2
root = ${text(root)}
state = ${text(state)}
disabled_plugins = [${DISABLED_PLUGINS.map(text).join(', ')}]

[grpc]
  address = ${text(socket)}

[debug]
  level = "warn"

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(opt)}

[plugins."io.containerd.metadata.v1.bolt"]
  # A namespace may not claim content that another one fetched.
  content_sharing_policy = "isolated"

[plugins."io.containerd.gc.v1.scheduler"]
  # By default a removed container stays on disk until a hundred other things have changed.
  deletion_threshold = 1
`;
}

/** A basic string of TOML has the escapes of JSON; it wants one more character escaped. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
