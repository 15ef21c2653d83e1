// SPDX-License-Identifier: Apache-2.0
import {
  CA_PATHS,
  enrolmentAnswerSchema,
  enrolmentNonceSchema,
  enrolmentProblemSchema,
  enrolmentRequestSchema,
} from '@proofgate/api';
import { z } from 'zod';

/** What the service offers, for programs that generate clients (OpenAPI 3.1). Made of the schemas that parse. */
export function enrolmentOpenApi(): unknown {
  const refusals = {
    default: answer('a refusal, with its reasons', enrolmentProblemSchema, PROBLEM),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Proofgate CA, attested enrolment',
      version: '1',
      description: 'Gives a machine its intermediary CA on the strength of its evidence.',
    },
    paths: {
      [CA_PATHS.nonces]: {
        post: {
          operationId: 'createNonce',
          summary: 'A nonce that evidence has to cover, used once',
          responses: { 201: answer('the nonce', enrolmentNonceSchema), ...refusals },
        },
      },
      [CA_PATHS.intermediaries]: {
        post: {
          operationId: 'createIntermediary',
          summary: 'An intermediary for the key of the request',
          requestBody: { required: true, content: content(enrolmentRequestSchema, 'input') },
          responses: { 201: answer('the certificate', enrolmentAnswerSchema), ...refusals },
        },
      },
      [CA_PATHS.root]: file('getRoot', 'The root certificate, PEM', 'application/x-pem-file'),
      [CA_PATHS.crl]: file('getRevocations', 'The revocation list, DER', 'application/pkix-crl'),
      [CA_PATHS.health]: {
        get: { operationId: 'getHealth', responses: { 200: { description: 'it answers' } } },
      },
    },
  };
}

const PROBLEM = 'application/problem+json';

function file(operationId: string, summary: string, type: string): unknown {
  return {
    get: {
      operationId,
      summary,
      responses: { 200: { description: summary, content: { [type]: {} } } },
    },
  };
}

function answer(description: string, schema: z.ZodType, type = 'application/json'): unknown {
  return { description, content: content(schema, 'output', type) };
}

function content(schema: z.ZodType, io: 'input' | 'output', type = 'application/json'): unknown {
  return { [type]: { schema: z.toJSONSchema(schema, { io, unrepresentable: 'any' }) } };
}
