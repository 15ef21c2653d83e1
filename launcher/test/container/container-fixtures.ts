// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { containerConfigSchema, type ContainerConfig } from '@proofgate/api';
import { pack } from 'tar-stream';
import type { ContainerSpec } from '../../src/container/container-spec.ts';
import type { ImageConfig, VerifiedImage, VerifiedLayer } from '../../src/image/verified-image.ts';

const HEX = 'ab'.repeat(32);

export const PINNED_REFERENCE: string = `registry.example.com/team/app@sha256:${HEX}`;

/** A container as the config file would give it, every default applied. */
export function containerWorkload(
  fields: Readonly<Record<string, unknown>> & {
    readonly isolation?: Readonly<Record<string, unknown>>;
  } = {},
): ContainerConfig {
  const basis = { name: 'app', port: 8000, image: PINNED_REFERENCE };
  return containerConfigSchema.parse({ ...basis, ...fields });
}

/** An image without layers. */
export function verifiedImage(
  config: Partial<ImageConfig> = {},
  layers: readonly VerifiedLayer[] = [],
): VerifiedImage {
  const document = { mediaType: 'x', digest: `sha256:${HEX}`, size: 0, bytes: new Uint8Array() };
  return {
    reference: PINNED_REFERENCE,
    pin: `sha256:${HEX}`,
    documents: [document],
    manifest: document,
    configDocument: document,
    config: {
      entrypoint: [],
      cmd: ['/bin/server'],
      env: [],
      user: '1000:1000',
      workingDir: '',
      stopSignal: undefined,
      labels: {},
      volumes: [],
      ...config,
    },
    layers,
  };
}

/** An entry of a layer. */
export type LayerEntry =
  | { readonly name: string; readonly content: string }
  | { readonly name: string; readonly link: string; readonly hard?: true }
  | { readonly name: string; readonly type: 'directory' | 'fifo' };

/** Writes a layer to a file, as the image pipeline leaves it. */
export async function layerOf(
  dir: string,
  entries: readonly LayerEntry[],
  compression: 'none' | 'gzip' = 'gzip',
): Promise<VerifiedLayer> {
  const archive = pack();
  for (const entry of entries) {
    const { name } = entry;
    if ('content' in entry) archive.entry({ name }, entry.content);
    else if ('link' in entry) {
      archive.entry({ name, type: entry.hard ? 'link' : 'symlink', linkname: entry.link });
    } else archive.entry({ name, type: entry.type });
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const plain = Buffer.concat(chunks);
  const bytes = compression === 'gzip' ? gzipSync(plain) : plain;
  const hex = createHash('sha256').update(bytes).digest('hex');
  const file = join(dir, hex);
  await writeFile(file, bytes);
  const digest = `sha256:${hex}`;
  return {
    descriptor: { mediaType: 'x', digest, size: bytes.length },
    compression,
    diffId: digest,
    chainId: digest,
    unpackedSize: plain.length,
    file,
  };
}

/** The container that the recorded files of the kernel are of. */
export function recordedSpec(fields: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    id: 'a-1',
    workload: 'a',
    hostname: 'a',
    args: ['/dev/init', '--', '/bin/sh'],
    env: ['PATH=/bin'],
    cwd: '/',
    uid: 10_001,
    gid: 10_001,
    additionalGids: [10_002],
    mounts: [
      { kind: 'tmpfs', target: '/tmp', sizeBytes: 2 ** 20, mode: 0o1777 },
      {
        kind: 'bind',
        source: '/usr/bin/catatonit',
        target: '/dev/init',
        readOnly: true,
        exec: true,
      },
      { kind: 'bind', source: '/etc/hosts', target: '/etc/hosts', readOnly: true, exec: false },
    ],
    devices: [],
    limits: { memoryBytes: 64 * 2 ** 20, vcpus: 0.5, pids: 32, nofile: 1_000 },
    readOnlyRoot: true,
    noNewPrivileges: true,
    seccomp: 'default',
    capabilities: [],
    maskedPaths: true,
    userNamespaceBase: undefined,
    stopSignal: 15,
    labels: {},
    ...fields,
  };
}
