// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { enrolmentProblemSchema, type EnrolmentCheck } from '@proofgate/api';
import type { z } from 'zod';
import { CaError } from '../errors.ts';
import { connectToJudged, type ServiceRequirements } from './judge-service.ts';
import { readBody } from './read-body.ts';

/** Which CA to ask, and how to know it. */
export interface CaAddress {
  /** Base URL, such as `https://ca.example.com:9444`. */
  readonly url: string;
  /** PEM of the CA's root: the only thing that the service's certificate is checked against. */
  readonly rootPem: string;
  /** Another address than the name of the URL resolves to; for tests and split networks. */
  readonly connectTo?: string;
  /** What the service has to prove itself; a certificate of the root is enough unless given. */
  readonly requires?: ServiceRequirements;
}

/** The CA verifies evidence and signs in milliseconds; fetching collateral may take it some seconds. */
const ANSWER_TIMEOUT_MS = 60_000;
/** A chain of two certificates, or a refusal with a hundred checks. */
const MAX_ANSWER_BYTES = 262_144;

/**
 * Sends a request to the enrolment service.
 *
 * @param address - of the CA
 * @param path - what to ask
 * @param body - sent as JSON
 * @param schema - what the answer has to be
 * @param signal - gives up
 * @returns the answer
 * @throws CaError `ERR_CA_ENROLMENT_UNAVAILABLE`, `ERR_CA_ENROLMENT_REFUSED`, `ERR_CA_ENROLMENT_INVALID`,
 *   `ERR_CA_SERVICE_REFUSED`
 */
export async function askCa<T>(
  address: CaAddress,
  path: string,
  body: unknown,
  schema: z.ZodType<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { status, text } = await send(address, path, body, signal);
  if (status !== 201) throw refusal(status, text);
  const answer = schema.safeParse(parse(text));
  if (answer.success) return answer.data;
  throw new CaError('ERR_CA_ENROLMENT_INVALID', `the answer to ${path} has another form`, {
    cause: answer.error,
  });
}

interface Received {
  readonly status: number;
  readonly text: string;
}

async function send(
  { url, rootPem, connectTo, requires }: CaAddress,
  path: string,
  body: unknown,
  given: AbortSignal | undefined,
): Promise<Received> {
  const target = new URL(path, url);
  const limit = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const signal = given === undefined ? limit : AbortSignal.any([given, limit]);
  const content = body === undefined ? '' : JSON.stringify(body);
  const place = {
    host: connectTo ?? target.hostname,
    port: target.port === '' ? 443 : Number(target.port),
    servername: target.hostname,
    signal,
  };
  let judged: TLSSocket | undefined;
  try {
    if (requires !== undefined) judged = await connectToJudged({ ...place, rootPem }, requires);
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpsRequest(
        {
          ...place,
          path: target.pathname,
          method: 'POST',
          headers: {
            host: target.host,
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(content),
          },
          ca: rootPem,
          minVersion: 'TLSv1.3',
          agent: false,
          ...(judged === undefined ? {} : { createConnection: () => judged }),
        },
        resolve,
      );
      request.on('error', reject).end(content);
    });
    const bytes = await readBody(message, MAX_ANSWER_BYTES);
    return { status: message.statusCode ?? 0, text: Buffer.from(bytes).toString('utf8') };
  } catch (cause) {
    if (cause instanceof CaError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CaError(
      'ERR_CA_ENROLMENT_UNAVAILABLE',
      `${target.origin} does not answer: ${reason}`,
      {
        hint: 'check the address, and that the root is the one of this CA',
        cause,
      },
    );
  } finally {
    judged?.destroy();
  }
}

function refusal(status: number, text: string): CaError {
  const problem = enrolmentProblemSchema.safeParse(parse(text));
  const {
    code,
    detail,
    checks = [],
  } = problem.success ? problem.data : { code: 'no code', detail: `status ${String(status)}` };
  const refused = checks.filter(({ result }) => result === 'refused');
  const details = {
    seen: refused.length === 0 ? code : refused.map(sentence).join('; '),
    ...(refused[0]?.expected === undefined ? {} : { expected: refused[0].expected }),
    ...(refused[0]?.hint === undefined ? {} : { hint: refused[0].hint }),
  };
  const retry = status === 429 || status >= 500;
  return new CaError(
    retry ? 'ERR_CA_ENROLMENT_UNAVAILABLE' : 'ERR_CA_ENROLMENT_REFUSED',
    `the CA answers ${code}: ${detail}`,
    details,
  );
}

function sentence({ name, seen }: EnrolmentCheck): string {
  return seen === undefined ? name : `${name}: ${seen}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
