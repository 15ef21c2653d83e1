// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { ProxyError } from '../errors.ts';
import { GrowingBytes } from '../tls/growing-bytes.ts';
import type { Endpoints } from './header-format.ts';
import { parseProxyHeader, proxyHeaderLength } from './parse-proxy-header.ts';

/** Most headers fit; the others make the storage grow. */
const TYPICAL_HEADER_BYTES = 256;

/** What becomes of a connection that has to begin with a header; exactly one is called. */
export interface ProxyHeaderHandlers {
  /** What follows the header is in the socket's read buffer. @param endpoints see `parseProxyHeader` */
  onHeader(endpoints: Endpoints | undefined): void;
  /** ERR_PROXY_PROTOCOL */
  onRefused(error: ProxyError): void;
  /** The connection ended before the header was complete: load balancers look like this whether somebody listens. */
  onEnded(): void;
}

/** Takes the header off a connection. Its bytes are bounded; the time is the caller's to bound. */
export function readProxyHeader(socket: Socket, handlers: ProxyHeaderHandlers): void {
  const received = new GrowingBytes(TYPICAL_HEADER_BYTES);
  const stop = (): void => {
    socket.off('readable', onReadable);
    socket.off('close', onEnded);
    socket.off('end', onEnded);
  };
  const onEnded = (): void => {
    stop();
    handlers.onEnded();
  };
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null; // no encoding is set, so these are bytes
    if (chunk === null) return;
    received.append(chunk);
    let endpoints: Endpoints | undefined;
    try {
      const length = proxyHeaderLength(received.view());
      if (length === undefined || received.length < length) return;
      endpoints = parseProxyHeader(received.view(0, length));
      stop();
      const rest = received.view(length);
      if (rest.length > 0) socket.unshift(rest);
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      stop();
      handlers.onRefused(error);
      return;
    }
    handlers.onHeader(endpoints);
  };
  socket.on('readable', onReadable);
  socket.once('close', onEnded);
  socket.once('end', onEnded);
}
