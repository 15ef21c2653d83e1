// SPDX-License-Identifier: Apache-2.0
import { constants, type ServerHttp2Session } from 'node:http2';

/** What nghttp2 found wrong with frames of the other side, by its own numbers, and what RFC 9113 section 7 calls it. */
const BLAME: ReadonlyMap<number, number> = new Map([
  [-505, constants.NGHTTP2_PROTOCOL_ERROR],
  [-510, constants.NGHTTP2_STREAM_CLOSED],
  [-522, constants.NGHTTP2_FRAME_SIZE_ERROR],
  [-523, constants.NGHTTP2_COMPRESSION_ERROR],
  [-524, constants.NGHTTP2_FLOW_CONTROL_ERROR],
  [-536, constants.NGHTTP2_PROTOCOL_ERROR],
  [-537, constants.NGHTTP2_ENHANCE_YOUR_CALM],
  [-903, constants.NGHTTP2_PROTOCOL_ERROR],
  [-904, constants.NGHTTP2_ENHANCE_YOUR_CALM],
  [-905, constants.NGHTTP2_ENHANCE_YOUR_CALM],
]);

/**
 * Lets a client learn what it did wrong: Node ends every session that fails with INTERNAL_ERROR, and a client that reads
 * that takes its own mistake for ours, and tries again.
 */
export function blameClient(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (error, code) => destroy(error, code ?? blame(error));
}

function blame(error: unknown): number | undefined {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? BLAME.get(errno) : undefined;
}
