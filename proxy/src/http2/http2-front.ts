// SPDX-License-Identifier: Apache-2.0
import { performServerHandshake, type ServerOptions } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { ClientConnection } from '../http/client-connection.ts';
import type { RequestService } from '../http/serve-request.ts';
import { Http2Connection, type Http2Limits } from './http2-connection.ts';
import { blameClient } from './session-blame.ts';

/** Requests of one connection at a time: what browsers and gRPC clients expect (RFC 9113 section 6.5.2). */
export const MAX_CONCURRENT_STREAMS = 128;

/**
 * Content of one stream that a client may send ahead of a slow upstream. With all streams, a connection can make a worker
 * hold 16 MiB. On a line with 50 ms there and back it allows 2.6 MB/s, for each stream.
 */
export const STREAM_WINDOW_BYTES = 131_072;

/** The same for all streams of a connection; given back at once, since the streams' own windows bound what is held. */
export const CONNECTION_WINDOW_BYTES = 1_048_576;

/** What `node:http2` may hold for a connection beside content, in MB: its unit. */
const MAX_SESSION_MEMORY_MB = 4;

/** Frames that make no sense but do no harm; a client that is right sends none. */
const MAX_INVALID_FRAMES = 100;

/** Streams above those that the settings allow; a client may send some before it has read them. */
const MAX_REJECTED_STREAMS = 100;

/** Entries of one SETTINGS frame: twice those that exist. */
const MAX_SETTINGS = 16;

/** One handshake costs a core about half a millisecond: this takes a twentieth of it from the others. */
const LEAVE_PACE_MS = 10;

/** A head beyond the limits by less than this gets an answer that says so; one that is larger is reset. */
const HEAD_SLACK = 2;

/** What the HTTP/2 front needs. */
export interface Http2FrontOptions {
  readonly limits: Http2Limits;
  readonly service: RequestService;
}

/** The HTTP/2 side of a worker. */
export interface Http2Front {
  /** Takes a connection whose handshake is complete and chose `h2`. */
  accept(socket: TLSSocket, connection: ClientConnection): void;
  /** Tells all clients that their connections end, and ends them after their last answers. */
  leave(): void;
  /**
   * The same for some connections, one after the other: their clients come back at once, each with a handshake. HTTP/2
   * connections last for days, and would otherwise be proved with what has long been replaced.
   */
  leaveIf(outdated: (connection: ClientConnection) => boolean): void;
  /** Ends what has no end of its own. */
  endTunnels(): void;
}

/** Reads HTTP/2 from TLS connections, and has the requests checked and answered like any others. */
export function createHttp2Front({ limits, service }: Http2FrontOptions): Http2Front {
  const options = sessionOptions(limits);
  const connections = new Set<Http2Connection>();
  const leaving = new Set<Http2Connection>();
  let pace: NodeJS.Timeout | undefined;
  const leaveNext = (): void => {
    const [next] = leaving;
    if (next === undefined) {
      clearInterval(pace);
      pace = undefined;
      return;
    }
    leaving.delete(next);
    next.leave();
  };
  return {
    accept(socket, client) {
      const session = performServerHandshake(socket, options);
      blameClient(session);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      const connection = new Http2Connection(session, client, service, limits);
      connections.add(connection);
      session.once('close', () => {
        connections.delete(connection);
        leaving.delete(connection);
      });
    },
    leave() {
      leaving.clear();
      for (const connection of connections) connection.leave();
    },
    leaveIf(outdated) {
      for (const connection of connections) {
        if (outdated(connection.client)) leaving.add(connection);
      }
      if (leaving.size > 0) pace ??= setInterval(leaveNext, LEAVE_PACE_MS);
    },
    endTunnels() {
      for (const connection of connections) connection.endTunnels();
    },
  };
}

function sessionOptions({ headerBytes, headerCount }: Http2Limits): ServerOptions {
  return {
    settings: {
      enablePush: false,
      enableConnectProtocol: true,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      maxHeaderListSize: headerBytes * HEAD_SLACK,
    },
    maxHeaderListPairs: headerCount * HEAD_SLACK,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionMemory: MAX_SESSION_MEMORY_MB,
    maxSessionRejectedStreams: MAX_REJECTED_STREAMS,
    maxSettings: MAX_SETTINGS,
  };
}
