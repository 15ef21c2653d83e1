// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import type { AttestationMode } from './container-config.ts';
import { hostLimitsSchema, type HostLimits } from './limits.ts';
import { responseHeadersSchema, type ResponseHeaders } from './response-headers.ts';
import { hostnameField } from './text-fields.ts';
import { checkUpstream } from './upstream-rule.ts';
import type { HostMode } from './upstream.ts';

/** A host whose upstream something else started. */
export interface RouteConfig {
  readonly hostname: string;
  readonly mode: HostMode;
  /** As written; see `parseUpstream`. */
  readonly upstream: string;
  readonly attestation: AttestationMode;
  /** Tells the upstream with the first bytes of each connection whose it is; only in mode `tcp`. */
  readonly proxy_protocol?: 'v2';
  readonly limits: HostLimits;
  /** Put into every answer, in place of what the upstream says under these names; only in mode `http`. */
  readonly response_headers?: ResponseHeaders;
}

/** Schema of {@link RouteConfig}. */
export const routeConfigSchema: z.ZodType<RouteConfig, unknown> = z
  .strictObject({
    hostname: hostnameField(),
    mode: z.enum(['http', 'tcp']).default('http'),
    upstream: z.string(),
    attestation: z.enum(['certificate', 'session']).default('certificate'),
    proxy_protocol: z.literal('v2').exactOptional(),
    limits: hostLimitsSchema.prefault({}),
    response_headers: responseHeadersSchema.exactOptional(),
  })
  .superRefine(checkUpstream)
  .superRefine(({ mode, proxy_protocol }, context) => {
    if (mode === 'tcp' || proxy_protocol === undefined) return;
    const message = 'mode http shares its connections among clients, and has X-Forwarded-For';
    context.addIssue({ code: 'custom', path: ['proxy_protocol'], message });
  })
  .superRefine(({ mode, response_headers: headers }, context) => {
    if (mode === 'http' || headers === undefined) return;
    const message = 'only mode http has answers with header fields';
    context.addIssue({ code: 'custom', path: ['response_headers'], message });
  });
