// SPDX-License-Identifier: Apache-2.0
import { parseCollateral, type Collateral } from '@proofgate/evidence';
import { z } from 'zod';
import { hostnameField } from './text-fields.ts';

/** Paths of the CA's enrolment service. */
export const CA_PATHS = {
  health: '/healthz',
  root: '/root.pem',
  crl: '/root.crl',
  nonces: '/v1/nonces',
  intermediaries: '/v1/intermediaries',
  openapi: '/openapi.json',
} as const;

/** A quote of a TD with a long certificate chain, in base64. */
const MAX_QUOTE_CHARACTERS = 65_536;
/** A P-384 request in base64. */
const MAX_REQUEST_CHARACTERS = 8_192;

/** `POST /v1/nonces`: what evidence has to be made over. */
export interface EnrolmentNonce {
  /** 32 bytes in base64. */
  readonly nonce: string;
  /** ISO 8601; used once, and not after this. */
  readonly expires_at: string;
}

/** Schema of {@link EnrolmentNonce}. */
export const enrolmentNonceSchema: z.ZodType<EnrolmentNonce> = z.strictObject({
  nonce: z.base64().length(44),
  expires_at: z.iso.datetime(),
});

/** `POST /v1/intermediaries`. */
export interface EnrolmentRequest {
  readonly purpose: 'enrol' | 'renew';
  /** Domain that the intermediary shall be able to issue for. */
  readonly host: string;
  /** PKCS #10 request in base64 of its DER. */
  readonly request: string;
  readonly nonce: string;
  /** TDX quote in base64, over the report data of the enrolment formula. */
  readonly quote: string;
  /** For platforms that supply it themselves; the CA may have its own. */
  readonly collateral?: Collateral;
}

const collateral = z.unknown().transform((value, context): Collateral => {
  try {
    return parseCollateral(value);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not a collateral bundle', input: value });
    return z.NEVER;
  }
});

/** Schema of {@link EnrolmentRequest}. */
export const enrolmentRequestSchema: z.ZodType<EnrolmentRequest, unknown> = z.strictObject({
  purpose: z.enum(['enrol', 'renew']),
  host: hostnameField(),
  request: z.base64().max(MAX_REQUEST_CHARACTERS),
  nonce: z.base64().length(44),
  quote: z.base64().max(MAX_QUOTE_CHARACTERS),
  collateral: collateral.exactOptional(),
});

/** The answer: a certificate for the key of the request. */
export interface EnrolmentAnswer {
  /** PEM: the intermediary, then the root. */
  readonly chain: string;
  /** Content octets of the serial number in hex. */
  readonly serial: string;
  /** ISO 8601. */
  readonly not_after: string;
}

/** Schema of {@link EnrolmentAnswer}. */
export const enrolmentAnswerSchema: z.ZodType<EnrolmentAnswer> = z.strictObject({
  chain: z.string().max(MAX_QUOTE_CHARACTERS),
  serial: z.string().regex(/^([0-9a-f]{2}){1,20}$/),
  not_after: z.iso.datetime(),
});

/** One check of an appraisal, as in `verify --json`. */
export interface EnrolmentCheck {
  readonly name: string;
  readonly result: string;
  readonly expected?: string;
  readonly seen?: string;
  /** What can be done about it. */
  readonly hint?: string;
}

/** A refusal (RFC 9457), with the decision behind it where evidence was judged. */
export interface EnrolmentProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly checks?: readonly EnrolmentCheck[];
}

/** Schema of {@link EnrolmentProblem}. */
export const enrolmentProblemSchema: z.ZodType<EnrolmentProblem> = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  checks: z
    .array(
      z.object({
        name: z.string(),
        result: z.string(),
        expected: z.string().exactOptional(),
        seen: z.string().exactOptional(),
        hint: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
});
