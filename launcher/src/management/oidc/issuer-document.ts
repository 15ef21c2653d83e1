// SPDX-License-Identifier: Apache-2.0
import { LauncherError } from '../../errors.ts';

/** How documents of the issuer are fetched. */
export interface IssuerAccess {
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An issuer is a service of the same organisation; one that takes longer is as good as down. */
export const ISSUER_TIMEOUT_MS = 5_000;
/** Key sets of large issuers, with certificates, have some ten kilobytes. */
export const MAX_ISSUER_DOCUMENT_BYTES = 262_144;

/**
 * Fetches a JSON document of the issuer. Redirects are not followed: what names the keys must not move.
 *
 * @throws LauncherError ERR_LAUNCHER_ISSUER_UNAVAILABLE
 */
export async function fetchIssuerDocument(url: URL, access: IssuerAccess): Promise<unknown> {
  try {
    const response = await access.fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ISSUER_TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`HTTP status ${String(response.status)}`);
    }
    return JSON.parse(await boundedText(response));
  } catch (cause) {
    throw new LauncherError(
      'ERR_LAUNCHER_ISSUER_UNAVAILABLE',
      `the issuer does not give ${url.origin}${url.pathname}`,
      { expected: 'a JSON document', seen: textOf(cause), cause },
    );
  }
}

/**
 * A place that keys may come from: HTTPS, or plain HTTP on this machine alone.
 *
 * @throws LauncherError ERR_LAUNCHER_ISSUER_INVALID
 */
export function issuerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && isTrustworthy(url)) return url;
  throw new LauncherError(
    'ERR_LAUNCHER_ISSUER_INVALID',
    `"${text.slice(0, 200)}" is no place for the keys of an issuer`,
    { expected: 'an https URL, or an http URL on loopback', seen: text.slice(0, 200) },
  );
}

function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false;
  const onLoopback = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && onLoopback);
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  const source: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  for await (const chunk of source ?? []) {
    total += chunk.length;
    if (total > MAX_ISSUER_DOCUMENT_BYTES) {
      throw new Error(`more than ${String(MAX_ISSUER_DOCUMENT_BYTES)} bytes`);
    }
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks, total));
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
