// SPDX-License-Identifier: Apache-2.0
import { request, type IncomingMessage } from 'node:http';
import type { HostPort } from '@proofgate/api';
import { LauncherError } from '../errors.ts';

/**
 * Fields that end at each hop (RFC 9110, section 7.6.1), and the token: it was for the launcher, and with it the
 * container could act as its owner elsewhere. What Node sets itself is framing.
 */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields of an answer that end at each hop. */
const NOT_RELAYED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Sends a configuration on to the container.
 *
 * @param incoming - the request, with its content still to be read
 * @param address - of the container
 * @param signal - breaks off
 * @returns the answer, with its content still to be read
 * @throws LauncherError ERR_LAUNCHER_CONFIGURE_UNAVAILABLE when there is none
 */
export function sendConfiguration(
  incoming: IncomingMessage,
  { host, port }: HostPort,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const hasContent =
    incoming.headers['transfer-encoding'] !== undefined ||
    Number(incoming.headers['content-length'] ?? 0) > 0;
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: forwardedFields(incoming, hasContent),
      setHost: false,
      // A connection of its own: a kept one might lead to an instance that is gone.
      agent: false,
      signal,
    });
    outgoing.once('response', resolve);
    outgoing.on('error', (cause) => {
      reject(
        new LauncherError(
          'ERR_LAUNCHER_CONFIGURE_UNAVAILABLE',
          'the container did not answer its configuration',
          { cause },
        ),
      );
    });
    if (!hasContent) {
      outgoing.end();
      return;
    }
    incoming.pipe(outgoing);
    // A client that breaks off must not leave half a configuration that looks whole.
    incoming.once('close', () => {
      if (!incoming.complete) outgoing.destroy();
    });
  });
}

/**
 * Fields of the container's answer for the client.
 *
 * @param answer - the answer
 * @returns name and value by turns
 */
export function relayedFields(answer: IncomingMessage): string[] {
  return pairs(answer.rawHeaders)
    .filter(([name]) => !NOT_RELAYED.has(name.toLowerCase()))
    .flat();
}

function forwardedFields(incoming: IncomingMessage, hasContent: boolean): string[] {
  const kept = pairs(incoming.rawHeaders).filter(
    ([name]) => !NOT_FORWARDED.has(name.toLowerCase()),
  );
  const chunked = hasContent && incoming.headers['content-length'] === undefined;
  return [
    ...kept.flat(),
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
    'Connection',
    'close',
  ];
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []));
}
