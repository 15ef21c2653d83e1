// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, parseRuntimeEvent, type RuntimeEvent } from '@proofgate/evidence';
import { z } from 'zod';
import { clientProblems, policyObjectField } from './client-rules.ts';
import { base64Field, oidField } from './encoded-fields.ts';
import type { GatewayHost, GatewayState } from './gateway-state.ts';
import { hostnameField } from './text-fields.ts';
import { checkUpstream } from './upstream-rule.ts';

/** One state as JSON: a full event log and every host with its manifest, with room to spare. */
export const MAX_GATEWAY_STATE_BYTES = 67_108_864;
/** Hosts of one state: as many as one config file may name, and the platform's own. */
export const MAX_STATE_HOSTS = 2_049;
/** Events of one boot: workloads that load once a minute for a month. */
export const MAX_STATE_EVENTS = 65_536;
/** Extensions of one leaf: the registry of RA-TLS v1 has 17, workloads may add their own. */
export const MAX_STATE_EXTENSIONS = 128;
/** Base64 text of one extension value or manifest: a megabyte of content. */
export const MAX_STATE_BASE64_LENGTH = 1_398_104;
/** Base64 text of a boot event log: 4 MiB of content, the most that the log area of a VM has. */
export const MAX_STATE_CCEL_LENGTH = 5_592_408;

const eventField = z.unknown().transform((value, context): RuntimeEvent => {
  try {
    return parseRuntimeEvent(value);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const milliseconds = z.int().min(1).max(86_400_000);

const hostLimitsSchema = z.strictObject({
  bodyBytes: z.int().min(0).exactOptional(),
  requestTimeoutMs: milliseconds.exactOptional(),
  idleTimeoutMs: milliseconds.exactOptional(),
  responseTimeoutMs: milliseconds.exactOptional(),
});

const configureSchema = z.strictObject({
  method: z.string().regex(/^[A-Z]{1,20}$/, { error: 'expected a method in upper case' }),
  path: z
    .string()
    .max(1_024)
    .regex(/^\/[!-~]*$/, { error: 'expected a path that begins with /' })
    .refine((path) => !/[?#]/.test(path), { error: 'expected a path without query' }),
  upstream: z.string().startsWith('unix:'),
  open: z.boolean(),
});

const clientsSchema = z.strictObject({
  mode: z.enum(['optional', 'required']),
  policy: policyObjectField,
});

const hostSchema: z.ZodType<GatewayHost, unknown> = z
  .strictObject({
    hostname: hostnameField(),
    mode: z.enum(['http', 'tcp']),
    upstream: z.string(),
    retiring: z.string().exactOptional(),
    attestation: z.enum(['certificate', 'session']),
    spec: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 lower-case hex digits' })
      .exactOptional(),
    extensions: z
      .array(z.strictObject({ oid: oidField(), value: base64Field(MAX_STATE_BASE64_LENGTH) }))
      .max(MAX_STATE_EXTENSIONS)
      .refine((list) => new Set(list.map(({ oid }) => oid)).size === list.length, {
        error: 'an extension appears twice',
      }),
    manifest: base64Field(MAX_STATE_BASE64_LENGTH).exactOptional(),
    limits: hostLimitsSchema.exactOptional(),
    configure: configureSchema.exactOptional(),
    clients: clientsSchema.exactOptional(),
  })
  .superRefine(checkUpstream)
  .superRefine(({ retiring, mode }, context) => {
    if (retiring !== undefined) checkUpstream({ upstream: retiring, mode }, context, 'retiring');
  })
  .superRefine(({ configure, mode }, context) => {
    if (configure === undefined) return;
    checkUpstream({ upstream: configure.upstream, mode }, context, 'configure');
    if (mode === 'http') return;
    const message = 'only mode http has requests that configure a workload';
    context.addIssue({ code: 'custom', path: ['configure'], message });
  })
  .superRefine(({ clients, mode }, context) => {
    const rules = { mode, clients: clients?.mode, client_policy: clients?.policy };
    for (const { message } of clientProblems(rules)) {
      context.addIssue({ code: 'custom', path: ['clients'], message });
    }
  });

/** Schema of {@link GatewayState}: what `PUT /v1/state` of the proxy's admin socket accepts. */
export const gatewayStateSchema: z.ZodType<GatewayState, unknown> = z.strictObject({
  version: z.literal(1),
  revision: z.int().min(0),
  bootId: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, {
    error: 'expected 1 to 64 letters, digits, dots, hyphens or underscores',
  }),
  platform: z.strictObject({
    tee: z.enum(['tdx', 'sev-snp']),
    simulated: z.boolean(),
    runtimeVersion: z.string().min(1).max(256),
    imageProfile: z.string().min(1).max(256).exactOptional(),
    manifest: base64Field(MAX_STATE_BASE64_LENGTH).exactOptional(),
    ccel: base64Field(MAX_STATE_CCEL_LENGTH).exactOptional(),
  }),
  eventLog: z.array(eventField).max(MAX_STATE_EVENTS),
  hosts: z
    .array(hostSchema)
    .max(MAX_STATE_HOSTS)
    .refine((hosts) => new Set(hosts.map(({ hostname }) => hostname)).size === hosts.length, {
      error: 'a hostname appears twice',
    }),
});
