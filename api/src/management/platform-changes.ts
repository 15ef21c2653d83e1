// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { MAX_ATTESTATION_SERVERS } from '../platform-config.ts';

/** Body of `PUT /api/v1/tls`: another intermediary CA with the same name. */
export interface TlsRequest {
  /** PEM: the intermediary first, then the CAs above it. */
  readonly ca_cert: string;
  /** PEM of its private key. */
  readonly ca_key: string;
}

/** Answer to it: what is in force now. */
export interface TlsAnswer {
  readonly status: 'updated';
  readonly cn: string;
  /** RFC 3339. */
  readonly not_before: string;
  /** RFC 3339. */
  readonly not_after: string;
}

/** A service that verifies quotes. */
export interface AttestationServer {
  readonly url: string;
  /** What it wants to be asked with. */
  readonly token?: string;
}

/** Body of `PUT /api/v1/attestation-servers`: the whole list. */
export interface AttestationServersRequest {
  readonly servers: readonly AttestationServer[];
}

/** Answer to it. */
export interface AttestationServersAnswer {
  readonly status: 'attestation_servers_updated';
  readonly server_count: number;
  /** What certificates carry, SHA-256 in hex. */
  readonly hash: string;
}

/** A chain of four certificates with RSA-4096 keys has under 10 KB. */
const MAX_CA_CERT_CHARACTERS = 65_536;
/** An RSA-4096 key in PKCS#8 has 3.3 KB. */
const MAX_CA_KEY_CHARACTERS = 16_384;
/** Bearer tokens travel in a header, of which 16 KiB is the most that servers read. */
const MAX_TOKEN_CHARACTERS = 8_192;

const pem = (label: RegExp, maxLength: number): z.ZodString =>
  z
    .string()
    .max(maxLength)
    .refine((text) => label.test(text), { error: 'expected PEM' });

const serverUrl = z
  .string()
  .max(2_048)
  .refine(isServerUrl, { error: 'expected an http or https URL without credentials' });

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['https:', 'http:'].includes(protocol) && username === '' && password === '';
}

/** Schema of {@link TlsRequest}. */
export const tlsRequestSchema: z.ZodType<TlsRequest, unknown> = z.strictObject({
  ca_cert: pem(/^\s*-----BEGIN CERTIFICATE-----/, MAX_CA_CERT_CHARACTERS),
  ca_key: pem(/^\s*-----BEGIN (?:EC )?PRIVATE KEY-----/, MAX_CA_KEY_CHARACTERS),
});

/** Schema of {@link TlsAnswer}. */
export const tlsAnswerSchema: z.ZodType<TlsAnswer, unknown> = z.strictObject({
  status: z.literal('updated'),
  cn: z.string(),
  not_before: z.iso.datetime(),
  not_after: z.iso.datetime(),
});

/** Schema of {@link AttestationServersRequest}. */
export const attestationServersRequestSchema: z.ZodType<AttestationServersRequest, unknown> =
  z.strictObject({
    servers: z
      .array(
        z.strictObject({
          url: serverUrl,
          token: z.string().min(1).max(MAX_TOKEN_CHARACTERS).exactOptional(),
        }),
      )
      .min(1)
      .max(MAX_ATTESTATION_SERVERS),
  });

/** Schema of {@link AttestationServersAnswer}. */
export const attestationServersAnswerSchema: z.ZodType<AttestationServersAnswer, unknown> =
  z.strictObject({
    status: z.literal('attestation_servers_updated'),
    server_count: z.int().min(0),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
  });
