// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import {
  clientPolicyField,
  clientProblems,
  clientsField,
  type ClientRules,
} from './client-rules.ts';
import type { AttestationMode } from './container-config.ts';
import { hostLimitsSchema, type HostLimits } from './limits.ts';
import { responseHeadersSchema, type ResponseHeaders } from './response-headers.ts';
import { hostnameField } from './text-fields.ts';
import { checkUpstream } from './upstream-rule.ts';
import type { HostMode } from './upstream.ts';

/** A host whose upstream something else started. */
export interface RouteConfig extends ClientRules {
  readonly hostname: string;
  readonly mode: HostMode;
  /** As written; see `parseUpstream`. */
  readonly upstream: string;
  readonly attestation: AttestationMode;
  /**
   * Names of ALPN that the host agrees to: versions of HTTP in mode `http`, all unless given; in mode `tcp` whatever the
   * upstream speaks, none unless given.
   */
  readonly alpn?: readonly string[];
  /** Tells the upstream with the first bytes of each connection whose it is; only in mode `tcp`. */
  readonly proxy_protocol?: 'v2';
  readonly limits: HostLimits;
  /** Put into every answer, in place of what the upstream says under these names; only in mode `http`. */
  readonly response_headers?: ResponseHeaders;
}

/** Names of ALPN that one host agrees to: each handshake looks through them. */
const MAX_ALPN_NAMES = 8;

/** RFC 7301 section 3.1 has 1 to 255 bytes; all registered names are visible ASCII. */
const alpnName = z
  .string()
  .regex(/^[!-~]{1,255}$/, { error: 'expected 1 to 255 visible characters' });

const HTTP_ALPN: readonly string[] = ['h2', 'http/1.1'];

function alpnProblem(name: string, mode: HostMode, repeated: boolean): string | undefined {
  if (repeated) return `${name} appears twice`;
  if (mode === 'tcp' || HTTP_ALPN.includes(name)) return undefined;
  return `mode http speaks ${HTTP_ALPN.join(' and ')}`;
}

/** Schema of {@link RouteConfig}. */
export const routeConfigSchema: z.ZodType<RouteConfig, unknown> = z
  .strictObject({
    hostname: hostnameField(),
    mode: z.enum(['http', 'tcp']).default('http'),
    upstream: z.string(),
    attestation: z.enum(['certificate', 'session']).default('certificate'),
    alpn: z.array(alpnName).min(1).max(MAX_ALPN_NAMES).exactOptional(),
    proxy_protocol: z.literal('v2').exactOptional(),
    limits: hostLimitsSchema.prefault({}),
    response_headers: responseHeadersSchema.exactOptional(),
    clients: clientsField,
    client_policy: clientPolicyField.exactOptional(),
  })
  .superRefine(checkUpstream)
  .superRefine(({ mode, alpn = [] }, context) => {
    for (const [index, name] of alpn.entries()) {
      const problem = alpnProblem(name, mode, alpn.indexOf(name) < index);
      if (problem === undefined) continue;
      context.addIssue({ code: 'custom', path: ['alpn', index], message: problem });
    }
  })
  .superRefine(({ mode, proxy_protocol }, context) => {
    if (mode === 'tcp' || proxy_protocol === undefined) return;
    const message = 'mode http shares its connections among clients, and has X-Forwarded-For';
    context.addIssue({ code: 'custom', path: ['proxy_protocol'], message });
  })
  .superRefine(({ mode, response_headers: headers }, context) => {
    if (mode === 'http' || headers === undefined) return;
    const message = 'only mode http has answers with header fields';
    context.addIssue({ code: 'custom', path: ['response_headers'], message });
  })
  .superRefine(
    (route, context) => {
      for (const { path, message } of clientProblems(route)) {
        context.addIssue({ code: 'custom', path: [path], message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );
