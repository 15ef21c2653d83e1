// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import {
  DaemonError,
  problemResponse,
  requestUnix,
  serveUnixHttp,
  type Logger,
  type UnixAnswer,
  type UnixHttpServer,
  type UnixRequest,
  type UnixResponse,
} from '@proofgate/daemon';
import { z } from 'zod';
import { CA_ERRORS, CaError, type CaErrorCode } from '../errors.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../journal/journal-entry.ts';
import type { PublishedList } from '../operator/publish-revocations.ts';
import type { Revocations } from './revocations.ts';

/** The socket, in the directory of the CA: who may work in the directory may use it. */
const SOCKET = 'serve.sock';
/** Requests are a serial number and a reason. */
const MAX_BODY_BYTES = 4_096;
/** Reading a long journal and signing takes seconds, and another list may be under way. */
const TIMEOUT_MS = 60_000;

/** Which certificate to revoke, and why. */
interface RevokeOrder {
  readonly serial: string;
  readonly reason: RevocationReason;
}

const revokeSchema: z.ZodType<RevokeOrder> = z.strictObject({
  serial: z.string().regex(/^([0-9a-f]{2}){1,20}$/u),
  reason: z.enum(REVOCATION_REASONS),
});

/** What an operator can have a running service do. */
export type CaOrder =
  { readonly path: '/v1/revoke'; readonly body: RevokeOrder } | { readonly path: '/v1/crl' };

/** The list that was signed for it. */
export interface OrderedList {
  readonly number: number;
  readonly revoked: number;
}

const listSchema: z.ZodType<OrderedList> = z.strictObject({
  number: z.int().min(1),
  revoked: z.int().min(0),
});

const problemSchema = z.object({ detail: z.string(), code: z.string() });

/**
 * Lets an operator of this computer revoke and have lists signed while the service has the directory of the CA:
 * `POST /v1/revoke` and `POST /v1/crl` on a unix socket that the service's user alone can open.
 *
 * @param directory - of the CA
 * @param revocations - what does it
 * @param logger - for failed requests
 * @throws DaemonError `ERR_DAEMON_SOCKET_IN_USE`, `ERR_DAEMON_SOCKET_PATH`
 */
export function serveCaOrders(
  directory: string,
  revocations: Revocations,
  logger: Logger,
): Promise<UnixHttpServer> {
  return serveUnixHttp({
    path: join(directory, SOCKET),
    mode: 0o600,
    maxBody: MAX_BODY_BYTES,
    logger,
    handler: (request) => answerOf(request, revocations),
  });
}

async function answerOf(request: UnixRequest, revocations: Revocations): Promise<UnixResponse> {
  const { method, path } = request;
  if (method === 'POST' && path === '/v1/revoke') {
    return listed(await revocations.revoke(parseRevoke(request)));
  }
  if (method === 'POST' && path === '/v1/crl') {
    return listed(await revocations.publish());
  }
  return problemResponse({ status: 404, code: 'ERR_NOT_FOUND', detail: 'there is nothing here' });
}

function listed({ number, revoked }: PublishedList): UnixResponse {
  return { status: 201, body: { number, revoked } };
}

function parseRevoke(request: UnixRequest): RevokeOrder {
  const { success, data, error: cause } = revokeSchema.safeParse(request.json());
  if (success) return data;
  throw new CaError('ERR_CA_ENROLMENT_INVALID', 'the request to revoke is malformed', { cause });
}

/**
 * Has the service that runs in the directory of a CA do something.
 *
 * @param directory - of the CA
 * @param order - what
 * @returns the list that was signed; `undefined` when no service answers there
 * @throws CaError with which the service refuses; DaemonError for a service that does not answer in time
 */
export async function orderFromService(
  directory: string,
  order: CaOrder,
): Promise<OrderedList | undefined> {
  const answer = await send(join(directory, SOCKET), order);
  if (answer === undefined) return undefined;
  const list = listSchema.safeParse(answer.body);
  if (answer.status === 201 && list.success) return list.data;
  const { detail = 'it gives no reason', code = '' } =
    problemSchema.safeParse(answer.body).data ?? {};
  const known = isCode(code) ? code : 'ERR_CA_ENROLMENT_UNAVAILABLE';
  throw new CaError(known, `the service in ${directory} answers ${code}: ${detail}`);
}

async function send(socketPath: string, order: CaOrder): Promise<UnixAnswer | undefined> {
  try {
    return await requestUnix({ socketPath, method: 'POST', ...order, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    const nobody = error instanceof DaemonError && error.code === 'ERR_DAEMON_SOCKET_UNREACHABLE';
    if (nobody) return undefined;
    throw error;
  }
}

function isCode(code: string): code is CaErrorCode {
  return Object.hasOwn(CA_ERRORS, code);
}
