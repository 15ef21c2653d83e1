// SPDX-License-Identifier: Apache-2.0
import {
  Client,
  credentials,
  Metadata,
  type ClientDuplexStream,
  type ClientReadableStream,
} from '@grpc/grpc-js';
import { containerdError } from './containerd-error.ts';
import type { Method } from './wire-format.ts';

/** How a call is made. */
export interface CallOptions {
  /** Time within which it has to be answered; `undefined` for calls that end when something happens. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call; it then fails with the signal's reason. */
  readonly signal?: AbortSignal;
  /** What the call makes is kept alive by this lease. */
  readonly lease?: string;
  /** Whether the call fails at once when there is no connection, instead of waiting for one. */
  readonly failFast?: boolean;
}

/** Most calls take milliseconds; a disk that is busy with an unpacked image takes seconds. */
export const CALL_TIMEOUT_MS = 20_000;

/** First wait before connecting again. gRPC's own second would be most of an outage: a restart takes 100 ms. */
const RECONNECT_INITIAL_MS = 50;
/** Longest wait between attempts to connect: attempts on a local socket cost nothing. */
const RECONNECT_MAX_MS = 500;
/** Largest answer: lists of containers, each with its specification of some 20 kB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** A connection to containerd, in one namespace. It is made on first use and made again whenever it breaks. */
export class ContainerdClient {
  readonly #client: Client;
  readonly #namespace: string;
  /** Calls that have no answer yet. */
  readonly #calls = new Set<{ cancel(): void }>();
  #closed = false;

  /**
   * @param socket - path of containerd's socket
   * @param namespace - everything of this client is in it, apart from what others keep in containerd
   */
  constructor(socket: string, namespace: string) {
    this.#namespace = namespace;
    this.#client = new Client(`unix://${socket}`, credentials.createInsecure(), {
      'grpc.initial_reconnect_backoff_ms': RECONNECT_INITIAL_MS,
      'grpc.min_reconnect_backoff_ms': RECONNECT_INITIAL_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
      'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
      'grpc.max_send_message_length': MAX_ANSWER_BYTES,
      // A connection of its own: closing this client closes it.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /**
   * Calls a method and waits for its answer. While there is no connection, the call waits for one as long as it may
   * take.
   *
   * @throws LauncherError ERR_LAUNCHER_ENGINE_UNAVAILABLE or ERR_LAUNCHER_ENGINE_REFUSED
   */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const { signal } = options;
    return new Promise<Response>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(abortReason(signal));
        return;
      }
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.encode,
        method.decode,
        request,
        this.#metadata(options),
        deadlineOf(options),
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          this.#calls.delete(call);
          if (error === null && response !== undefined) resolve(response);
          else if (signal?.aborted === true) reject(abortReason(signal));
          else reject(containerdError(method.path, error));
        },
      );
      const cancel = (): void => {
        call.cancel();
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#calls.add(call);
    });
  }

  /** Calls a method that answers with a stream; its errors are gRPC's own. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): ClientReadableStream<Response> {
    return this.#track(
      this.#client.makeServerStreamRequest(
        method.path,
        method.encode,
        method.decode,
        request,
        this.#metadata(options),
        deadlineOf(options),
      ),
    );
  }

  /** Calls a method with streams in both directions; their errors are gRPC's own. */
  duplex<Request, Response>(
    method: Method<Request, Response>,
    options: CallOptions = {},
  ): ClientDuplexStream<Request, Response> {
    return this.#track(
      this.#client.makeBidiStreamRequest(
        method.path,
        method.encode,
        method.decode,
        this.#metadata(options),
        deadlineOf(options),
      ),
    );
  }

  /** Whether {@link close} has been called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends every call and the connection. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  #track<Call extends Stream>(call: Call): Call {
    this.#calls.add(call);
    call.once('status', () => this.#calls.delete(call));
    return call;
  }

  #metadata({ lease, failFast = false }: CallOptions): Metadata {
    const metadata = new Metadata({ waitForReady: !failFast });
    metadata.set('containerd-namespace', this.#namespace);
    if (lease !== undefined) metadata.set('containerd-lease', lease);
    return metadata;
  }
}

/** What both kinds of streams have. */
interface Stream {
  cancel(): void;
  once(event: 'status', listener: () => void): unknown;
}

/** An explicit `undefined` is no deadline. */
function deadlineOf(options: CallOptions): { deadline?: number } {
  const timeoutMs = 'timeoutMs' in options ? options.timeoutMs : CALL_TIMEOUT_MS;
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
