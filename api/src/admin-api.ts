// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Paths of the proxy's admin socket. */
export const ADMIN_PATHS = {
  state: '/v1/state',
  identities: '/v1/identities',
  drain: '/v1/drain',
  peerKeys: '/v1/peer-keys',
  health: '/healthz',
  readiness: '/readyz',
  metrics: '/metrics',
} as const;

/** Answer to `PUT /v1/state`: this revision is saved and in force; identities that it needs follow, see `ProxyHealth`. */
export interface StateApplied {
  readonly revision: number;
  readonly applied: true;
}

/** Answer to `GET /v1/state`: which state is in use. */
export interface StateSummary {
  /** Absent while the proxy serves its static routes alone. */
  readonly revision?: number;
  readonly bootId?: string;
  readonly hosts: readonly string[];
  /** Those of the hosts whose certificate is not yet the one that the state describes; absent when there are none. */
  readonly pending?: readonly string[];
  /**
   * Those of the hosts that are still served by the workload which the state calls `retiring`; absent when there are none.
   */
  readonly retiring?: readonly string[];
  readonly ca?: CaSummary;
}

/** The CAs of a proxy, in the order of a rotation. */
export interface CaSummary {
  /** Issues the identities that are made now. */
  readonly active: {
    readonly subject: string;
    /** SHA-256 of its public key (DER SubjectPublicKeyInfo), lower-case hex. */
    readonly spkiSha256: string;
    /** Earliest end of its chain, ISO 8601, UTC. */
    readonly notAfter: string;
  };
  /** SHA-256 of the key of a CA that the launcher has measured and whose files are not usable yet. */
  readonly prepared?: string;
  /** Former CAs, each with the hosts that still show a certificate of theirs; absent when there are none. */
  readonly old?: readonly { readonly spkiSha256: string; readonly hosts: readonly string[] }[];
}

/** Answer to `GET /readyz`; the status is 200 when `status` is `ready`, else 503. */
export interface ProxyReadiness {
  readonly status: 'ready' | 'not_ready' | 'draining';
  /** Hosts that are not served, for want of a valid identity; absent when there are none. */
  readonly waiting?: readonly string[];
}

/** Answer to `POST /v1/drain`: connections end, and `workers` of `GET /healthz` is 0 when all have. */
export interface DrainStarted {
  readonly status: 'draining';
}

/** Answer to `GET /healthz`; the status is 200 when `status` is `ok`, else 503. */
export interface ProxyHealth {
  readonly status: 'ok' | 'starting' | 'stopping';
  readonly workers: number;
}

/** One host's certificate as in `GET /v1/identities`. */
export interface IdentitySummary {
  readonly hostname: string;
  /** SHA-256 of the leaf's public key (DER SubjectPublicKeyInfo), lower-case hex. */
  readonly spkiSha256: string;
  /** Serial number, lower-case hex. */
  readonly serialNumber: string;
  /** ISO 8601, UTC. */
  readonly notBefore: string;
  /** ISO 8601, UTC. */
  readonly notAfter: string;
  /** Whether the leaf carries a quote. */
  readonly attestation: 'certificate' | 'session';
  /** Of the quote over its key, ISO 8601, UTC. */
  readonly quoteTime: string;
  /** When its successor is to be made, ISO 8601, UTC; absent while that is under way. */
  readonly renewAt?: string;
  /** SHA-256 of the key of the CA that issued it, lower-case hex. */
  readonly caSpkiSha256: string;
}

/** What is read of a refusal on the local sockets, which is a problem (RFC 9457). */
export interface ErrorBody {
  readonly detail: string;
  readonly code: string;
}

const hexText = z.string().regex(/^(?:[0-9a-f]{2})+$/, { error: 'expected lower-case hex' });
const spkiSha256 = hexText.length(64);

/** Schema of {@link StateApplied}. */
export const stateAppliedSchema: z.ZodType<StateApplied, unknown> = z.strictObject({
  revision: z.int().min(0),
  applied: z.literal(true),
});

/** Schema of {@link StateSummary}. */
export const stateSummarySchema: z.ZodType<StateSummary, unknown> = z.strictObject({
  revision: z.int().min(0).exactOptional(),
  bootId: z.string().exactOptional(),
  hosts: z.array(z.string()),
  pending: z.array(z.string()).exactOptional(),
  retiring: z.array(z.string()).exactOptional(),
  ca: z
    .strictObject({
      active: z.strictObject({ subject: z.string(), spkiSha256, notAfter: z.iso.datetime() }),
      prepared: spkiSha256.exactOptional(),
      old: z.array(z.strictObject({ spkiSha256, hosts: z.array(z.string()) })).exactOptional(),
    })
    .exactOptional(),
});

/** Schema of {@link ProxyReadiness}. */
export const proxyReadinessSchema: z.ZodType<ProxyReadiness, unknown> = z.strictObject({
  status: z.enum(['ready', 'not_ready', 'draining']),
  waiting: z.array(z.string()).exactOptional(),
});

/** Schema of {@link DrainStarted}. */
export const drainStartedSchema: z.ZodType<DrainStarted, unknown> = z.strictObject({
  status: z.literal('draining'),
});

/** Schema of {@link ProxyHealth}. */
export const proxyHealthSchema: z.ZodType<ProxyHealth, unknown> = z.strictObject({
  status: z.enum(['ok', 'starting', 'stopping']),
  workers: z.int().min(0),
});

/** Schema of the list that `GET /v1/identities` answers with. */
export const identitiesSchema: z.ZodType<
  { readonly identities: readonly IdentitySummary[] },
  unknown
> = z.strictObject({
  identities: z.array(
    z.strictObject({
      hostname: z.string(),
      spkiSha256,
      serialNumber: hexText,
      notBefore: z.iso.datetime(),
      notAfter: z.iso.datetime(),
      attestation: z.enum(['certificate', 'session']),
      quoteTime: z.iso.datetime(),
      renewAt: z.iso.datetime().exactOptional(),
      caSpkiSha256: spkiSha256,
    }),
  ),
});

/** Schema of {@link ErrorBody}. */
export const errorBodySchema: z.ZodType<ErrorBody, unknown> = z.object({
  detail: z.string(),
  code: z.string(),
});
