// SPDX-License-Identifier: Apache-2.0
import { INDEX_TYPES, MANIFEST_TYPES } from '../document/media-types.ts';
import { MAX_DOCUMENT_BYTES } from '../image-limits.ts';
import { mismatch } from '../image-refusal.ts';
import type { BlobStream, ImageSource } from '../image-source.ts';
import type { Descriptor } from '../verified-image.ts';
import { registryRefused } from './registry-fault.ts';
import type { RegistryAnswer, RegistrySession } from './registry-session.ts';
import { asRegistryFault, readBody } from './transport-errors.ts';

const ACCEPTED_MANIFESTS = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');

/** A repository of a registry (distribution-spec, "Pull"). */
export class RegistrySource implements ImageSource {
  readonly name: string;
  readonly #session: RegistrySession;
  readonly #root: string;

  constructor(session: RegistrySession, repository: string) {
    this.name = `${session.host}/${repository}`;
    this.#session = session;
    this.#root = `/v2/${repository}`;
  }

  async manifest(digest: string, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#document(`manifests/${digest}`, ACCEPTED_MANIFESTS, signal);
  }

  async config(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#document(`blobs/${descriptor.digest}`, '*/*', signal);
  }

  async layer(descriptor: Descriptor, offset: number, signal: AbortSignal): Promise<BlobStream> {
    const path = `${this.#root}/blobs/${descriptor.digest}`;
    if (offset > 0) {
      const headers = { range: `bytes=${String(offset)}-` };
      const answer = await this.#session.get(path, headers, [200, 206, 416], signal);
      const { status } = answer.response;
      if (status === 206 && isRest(answer, offset, descriptor.size)) {
        return this.#stream(answer, descriptor, offset, signal);
      }
      if (status === 200) return this.#stream(answer, descriptor, 0, signal);
      // The server does not do ranges well: the whole of it is asked for.
      answer.response.discard();
    }
    const answer = await this.#session.get(path, {}, [200], signal);
    return this.#stream(answer, descriptor, 0, signal);
  }

  async #document(path: string, accept: string, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#session.get(`${this.#root}/${path}`, { accept }, [200], signal);
    refuseEncoding(answer);
    return await readBody(answer.response, MAX_DOCUMENT_BYTES, answer.url.host, signal);
  }

  #stream(
    answer: RegistryAnswer,
    descriptor: Descriptor,
    offset: number,
    signal: AbortSignal,
  ): BlobStream {
    refuseEncoding(answer);
    const length = answer.response.header('content-length');
    const expected = String(descriptor.size - offset);
    if (length !== undefined && length !== expected) {
      answer.response.discard();
      throw mismatch(`layer ${descriptor.digest} has another size`, { expected, seen: length });
    }
    return { offset, body: bodyOf(answer, signal) };
  }
}

async function* bodyOf(
  { response, url }: RegistryAnswer,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* response.body;
  } catch (error) {
    throw asRegistryFault(error, url.host, signal);
  }
}

/** Whether a partial answer is the rest that was asked for (RFC 9110 section 14.4). */
function isRest({ response }: RegistryAnswer, offset: number, size: number): boolean {
  const [, from, to, total] =
    /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.header('content-range') ?? '') ?? [];
  const isWhole = total === '*' || total === String(size);
  return from === String(offset) && to === String(size - 1) && isWhole;
}

/** Bytes that somebody packed on the way are not those that have the digest. */
function refuseEncoding({ response, url }: RegistryAnswer): void {
  const encoding = response.header('content-encoding') ?? 'identity';
  if (encoding === 'identity') return;
  response.discard();
  throw registryRefused(`${url.host} packs what it sends`, {
    expected: 'no content-encoding',
    seen: encoding.slice(0, 100),
  });
}
