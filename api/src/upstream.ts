// SPDX-License-Identifier: Apache-2.0
import { ApiError } from './errors.ts';
import { parseHostPort, type HostPort } from './host-port.ts';

/** How a host's traffic is read: as HTTP, or as bytes that go through unparsed. */
export type HostMode = 'http' | 'tcp';

/** Where a host's traffic goes. */
export type Upstream = (
  ({ readonly kind: 'tcp' } & HostPort) | { readonly kind: 'unix'; readonly path: string }
) & {
  /** HTTP/2 without TLS, as gRPC servers speak it; otherwise HTTP/1.1, in mode `http`. */
  readonly protocol?: 'h2c';
};

/** Longest path of a unix socket on Linux: `sun_path` has 108 bytes, one of them the closing NUL (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Reads the upstream of a route: `http://host:port`, `h2c://host:port` or `h2c+unix:/path` (mode `http`), `host:port`
 * (mode `tcp`), or `unix:/path` (both). An HTTP upstream is an origin: it has no path, query or credentials, so that a route cannot rewrite requests.
 *
 * @throws ApiError `ERR_API_UPSTREAM`
 */
export function parseUpstream(text: string, mode: HostMode): Upstream {
  const [, rest] = /^h2c(?:\+(?=unix:)|(?=:\/\/))(.*)$/s.exec(text) ?? [];
  if (mode === 'tcp' || rest === undefined) return parseAddress(text, mode);
  return { ...parseAddress(rest.startsWith('://') ? `http${rest}` : rest, mode), protocol: 'h2c' };
}

function parseAddress(text: string, mode: HostMode): Upstream {
  if (text.startsWith('unix:')) return unixUpstream(text);
  const address = mode === 'http' ? originAddress(text) : text;
  try {
    const { host, port } = parseHostPort(address);
    if (port > 0) return { kind: 'tcp', host, port };
  } catch (cause) {
    throw refusal(text, mode, cause);
  }
  throw refusal(text, mode);
}

function unixUpstream(text: string): Upstream {
  const path = text.slice('unix:'.length);
  if (!isSocketPath(path)) {
    throw new ApiError(
      'ERR_API_UPSTREAM',
      `"${text.slice(0, 120)}" is not a unix socket upstream`,
      {
        expected: `unix: and an absolute path of at most ${String(MAX_SOCKET_PATH_BYTES)} bytes`,
        seen: text.slice(0, 120),
      },
    );
  }
  return { kind: 'unix', path };
}

function isSocketPath(path: string): boolean {
  const bytes = new TextEncoder().encode(path).length;
  return path.startsWith('/') && !path.includes('\0') && bytes <= MAX_SOCKET_PATH_BYTES;
}

function originAddress(text: string): string {
  const [, address] = /^http:\/\/([^/?#@]+)\/?$/.exec(text) ?? [];
  if (address === undefined) throw refusal(text, 'http');
  return address;
}

function refusal(text: string, mode: HostMode, cause?: unknown): ApiError {
  return new ApiError(
    'ERR_API_UPSTREAM',
    `"${text.slice(0, 120)}" is not an upstream for mode ${mode}`,
    {
      expected:
        mode === 'http'
          ? 'http:// or h2c://host:port, unix:/path or h2c+unix:/path'
          : 'host:port or unix:/path',
      seen: text.slice(0, 120),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
