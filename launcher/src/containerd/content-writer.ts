// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import { LauncherError } from '../errors.ts';
import type { Descriptor } from '../image/verified-image.ts';
import type { ContainerdClient } from './containerd-client.ts';
import { containerdError, grpcStatus } from './containerd-error.ts';
import type { WriteRequest, WriteResponse } from './messages.ts';
import { CONTENT } from './methods.ts';

/** What is written, and for whom. */
export interface ContentWrite {
  readonly descriptor: Descriptor;
  /** The blob, in pieces of at most some MiB: containerd takes no message above 16 MiB. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Keeps the content alive. */
  readonly lease: string;
  readonly signal: AbortSignal;
  /** Called with the number of bytes sent so far. */
  readonly onProgress: (bytes: number) => void;
}

/**
 * Puts a blob into containerd's content store; containerd hashes it and refuses it if its digest is another. Content
 * that is there already is only taken into the lease.
 *
 * @throws LauncherError ERR_LAUNCHER_IMAGE_MISMATCH when the blob is not what its descriptor says,
 *   ERR_LAUNCHER_ENGINE_UNAVAILABLE or ERR_LAUNCHER_ENGINE_REFUSED; the signal's reason when it is aborted
 */
export async function writeContent(client: ContainerdClient, write: ContentWrite): Promise<void> {
  const { signal, lease } = write;
  signal.throwIfAborted();
  // Containerd lets one writer at a time have a reference; another image may be writing the same blob.
  const ref = `proofgate-${randomBytes(8).toString('hex')}`;
  const call = client.duplex(CONTENT.write, { lease, timeoutMs: undefined });
  const cancel = (): void => {
    call.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const committed = commitOf(call);
    for await (const request of writeRequests(ref, write)) {
      const ready = call.write(request) ? undefined : once(call, 'drain');
      await Promise.race([committed, ready]);
    }
    call.end();
    await committed;
  } catch (cause) {
    cancel();
    signal.throwIfAborted();
    const error = containerdError(CONTENT.write.path, cause);
    const code = grpcStatus(error);
    if (code === status.ALREADY_EXISTS) return;
    await client.call(CONTENT.abort, { ref }).catch(() => undefined);
    // Digest or size differ, or the file is gone: it has been verified, and has changed since.
    const changed = code === undefined || code === status.FAILED_PRECONDITION;
    throw changed ? changedSince(write.descriptor, cause) : error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Settles when the content has been committed, or the call has failed: the sending side must not wait any longer then. */
function commitOf(call: ClientDuplexStream<WriteRequest, WriteResponse>): Promise<void> {
  const committed = new Promise<void>((resolve, reject) => {
    call.on('data', ({ action }: WriteResponse) => {
      if (action === 'COMMIT') resolve();
    });
    call.on('error', reject);
    call.once('end', () => {
      const error = new Error('the answer ended before the content was committed');
      reject(Object.assign(error, { code: status.INTERNAL }));
    });
  });
  // Reported where it is awaited, which may be a moment later.
  committed.catch(() => undefined);
  return committed;
}

function changedSince({ digest }: Descriptor, cause: unknown): LauncherError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LauncherError(
    'ERR_LAUNCHER_IMAGE_MISMATCH',
    `blob ${digest} has changed since it was verified: ${reason}`,
    { cause },
  );
}

async function* writeRequests(ref: string, write: ContentWrite): AsyncGenerator<WriteRequest> {
  const { digest: expected, size: total } = write.descriptor;
  const common = { ref, total, expected };
  let offset = 0;
  for await (const data of write.source) {
    yield { ...common, action: 'WRITE', offset, data };
    offset += data.length;
    write.onProgress(offset);
  }
  // Containerd compares the number of bytes and then the digest.
  yield { ...common, action: 'COMMIT', offset };
}
