// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { parseByteSize } from '../byte-size.ts';
import { checkedText } from '../text-fields.ts';

/** A volume of containers: an encrypted one, or a directory of the VM's own disk. */
export interface VolumeStatus {
  readonly name: string;
  /** The name with `vol-` in front, by which Enclave OS knows it. */
  readonly lv_name: string;
  /** Of a directory: the disk that it is on. */
  readonly size_mb: number;
  /** Whether a workload that is loaded uses it. */
  readonly mounted: boolean;
  readonly used_mb?: number;
  readonly avail_mb?: number;
  /** How it is encrypted; a `directory` is not. */
  readonly kind?: 'luks2' | 'gocryptfs' | 'directory';
  /** As in the certificate: `generated`, `byok:<hex>` or `vault:<handle>`. */
  readonly key_origin?: string;
  /** Workloads that are loaded and have it. */
  readonly used_by?: readonly string[];
}

/** Answer to `GET /api/v1/volumes`. */
export interface VolumesAnswer {
  readonly volumes: readonly VolumeStatus[];
}

/** Body of `POST /api/v1/volumes/{name}/resize`. */
export interface ResizeRequest {
  /** Size text such as `50G`; a volume only grows. */
  readonly size: string;
}

/** Answer to it. */
export interface ResizeAnswer {
  readonly status: 'resized';
  readonly size: string;
}

/** Answer to `DELETE /api/v1/volumes/{name}`. */
export interface VolumeDeleted {
  readonly status: 'deleted';
}

const megabytes = z.number().min(0);

/** Schema of {@link VolumesAnswer}. */
export const volumesAnswerSchema: z.ZodType<VolumesAnswer, unknown> = z.strictObject({
  volumes: z.array(
    z.strictObject({
      name: z.string(),
      lv_name: z.string(),
      size_mb: megabytes,
      mounted: z.boolean(),
      used_mb: megabytes.exactOptional(),
      avail_mb: megabytes.exactOptional(),
      kind: z.enum(['luks2', 'gocryptfs', 'directory']).exactOptional(),
      key_origin: z.string().exactOptional(),
      used_by: z.array(z.string()).exactOptional(),
    }),
  ),
});

/** Schema of {@link ResizeRequest}. */
export const resizeRequestSchema: z.ZodType<ResizeRequest, unknown> = z.strictObject({
  size: checkedText(parseByteSize),
});

/** Schema of {@link ResizeAnswer}. */
export const resizeAnswerSchema: z.ZodType<ResizeAnswer, unknown> = z.strictObject({
  status: z.literal('resized'),
  size: z.string(),
});

/** Schema of {@link VolumeDeleted}. */
export const volumeDeletedSchema: z.ZodType<VolumeDeleted, unknown> = z.strictObject({
  status: z.literal('deleted'),
});
