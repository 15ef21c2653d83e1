// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Fields that the proxy puts into every answer of a host, by their names. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** Strict-Transport-Security and its friends are about ten. */
export const MAX_RESPONSE_HEADERS = 32;

/** RFC 9110 section 5.6.2, without what no field is called. */
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
/** Visible ASCII and inner spaces; a policy of content security is the longest that is usual. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?$/;

/** Fields that frame a message, belong to one connection, or say what only the upstream knows. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'http2-settings',
  'keep-alive',
  'location',
  'proxy-authenticate',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Fields about peers, which the proxy alone sets. */
const IDENTITY = /^x-(?:proofgate|privasys)-/;

/** Schema of {@link ResponseHeaders}. */
export const responseHeadersSchema: z.ZodType<ResponseHeaders, unknown> = z
  .record(
    z.string().regex(NAME, { error: 'is not the name of a header field' }),
    z.string().regex(VALUE, { error: 'expected visible ASCII' }),
  )
  .superRefine((headers, context) => {
    const names = Object.keys(headers);
    const problem = (name: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (names.length > MAX_RESPONSE_HEADERS) {
      problem(names[MAX_RESPONSE_HEADERS] ?? '', `is more than ${String(MAX_RESPONSE_HEADERS)}`);
    }
    const seen = new Set<string>();
    for (const name of names) {
      const lower = name.toLowerCase();
      if (RESERVED.has(lower) || IDENTITY.test(lower)) problem(name, 'cannot be set by a route');
      if (seen.has(lower)) problem(name, 'is there twice');
      seen.add(lower);
    }
  });
