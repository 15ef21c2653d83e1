// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { containerConfigSchema } from '../container-config.ts';
import {
  MANAGEMENT_ENDPOINTS,
  type EndpointAnswer,
  type ManagementEndpoint,
  type ManagementRole,
} from './endpoints.ts';
import { logLineSchema } from './container-logs.ts';
import { enclaveOsLoadSchema } from './load-request.ts';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.ts';

/** Where the document is, relative to the repository. */
export const MANAGEMENT_OPENAPI_FILE = 'docs/openapi/management.json';

type Json = Readonly<Record<string, unknown>>;

const JSON_TYPE = 'application/json';
const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

/** What the roles are called in the document. */
const ROLE_TEXT: Readonly<Record<ManagementRole, string>> = {
  none: 'Nobody has to say who they are.',
  monitoring: 'For the monitoring role and the manager role.',
  manager: 'For the manager role.',
};

/** What a status means here; `code` in the problem says it exactly. */
const REFUSALS = {
  400: 'The content is not JSON, or repeats a member.',
  401: 'No token, or one that is not accepted.',
  403: 'The token does not allow this.',
  404: 'Nothing has this name.',
  409: 'It does not fit what is there already.',
  413: 'The content is too large.',
  415: 'The content is not application/json.',
  422: 'Fields are missing or wrong; `errors` lists them.',
  429: 'Too many tokens from this address were refused.',
  default: 'Refused or failed; `code` says why.',
} as const;

type RefusalStatus = Exclude<keyof typeof REFUSALS, 'default'>;

/**
 * The OpenAPI 3.1 document of the management API, made of the contracts that the launcher reads requests with.
 *
 * @param version of the product
 */
export function managementOpenApi(version: string): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Proofgate management API',
      description:
        'Served on the platform host behind the proxy, for callers with a token, and on launcher.sock in the VM.',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: pathItems(),
    components: {
      securitySchemes: {
        oidc: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A token of the configured OpenID Connect issuer.',
        },
      },
      schemas: {
        Problem: jsonSchema(problemSchema),
        Container: jsonSchema(containerConfigSchema),
        EnclaveOsLoadRequest: enclaveOsForm(),
        LogLine: jsonSchema(logLineSchema),
      },
    },
  };
}

function pathItems(): Json {
  const items: Record<string, Record<string, unknown>> = {};
  for (const [operationId, endpoint] of Object.entries(MANAGEMENT_ENDPOINTS)) {
    const item = (items[endpoint.path] ??= {});
    item[endpoint.method.toLowerCase()] = operation(operationId, endpoint);
  }
  return items;
}

function operation(operationId: string, endpoint: ManagementEndpoint): Json {
  const parameters = [...pathParameters(endpoint), ...queryParameters(endpoint)];
  return {
    operationId,
    summary: endpoint.summary,
    description: ROLE_TEXT[endpoint.role],
    security: endpoint.role === 'none' ? [] : [{ oidc: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(endpoint.body === undefined ? {} : { requestBody: requestBody(endpoint.body) }),
    responses: {
      ...Object.fromEntries(endpoint.answers.map((answer) => [answer.status, response(answer)])),
      ...Object.fromEntries(refusals(endpoint).map((status) => [status, problem(status)])),
      default: problem('default'),
    },
  };
}

/** Statuses that a caller has to expect, by what an endpoint takes. */
function refusals({ role, path, body, query }: ManagementEndpoint): readonly RefusalStatus[] {
  return [
    ...(body === undefined ? [] : ([400, 413, 415] as const)),
    ...(role === 'none' ? [] : ([401, 403, 429] as const)),
    ...(path.includes('{name}') ? ([404] as const) : []),
    ...(role === 'manager' ? ([409] as const) : []),
    ...(body === undefined && query === undefined ? [] : ([422] as const)),
  ];
}

function problem(status: RefusalStatus | 'default'): Json {
  return {
    description: REFUSALS[status],
    content: { [PROBLEM_CONTENT_TYPE]: { schema: PROBLEM_REF } },
  };
}

function pathParameters({ path }: ManagementEndpoint): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: ManagementEndpoint): readonly Json[] {
  if (query === undefined) return [];
  // What a parameter means is what comes out of reading its text.
  const { properties = {} } = z.toJSONSchema(query, { io: 'output' });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
  }));
}

function requestBody(body: NonNullable<ManagementEndpoint['body']>): Json {
  const schema =
    body === 'load'
      ? {
          anyOf: [
            { $ref: '#/components/schemas/Container' },
            { $ref: '#/components/schemas/EnclaveOsLoadRequest' },
          ],
        }
      : jsonSchema(body);
  return { required: true, content: { [JSON_TYPE]: { schema } } };
}

function response({ description, schema, contentTypes }: EndpointAnswer): Json {
  const content =
    schema === undefined
      ? Object.fromEntries((contentTypes ?? []).map((type) => [type, { schema: {} }]))
      : { [JSON_TYPE]: { schema: jsonSchema(schema) } };
  return { description, content };
}

/** A request as it is sent, and an answer as a client reads it: what goes in, not what reading makes of it. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

/** Its reader leaves most members to the reader of containers, and so does its description. */
function enclaveOsForm(): Json {
  const { properties: own = {}, ...form } = z.toJSONSchema(enclaveOsLoadSchema, { io: 'input' });
  const { properties: shared = {} } = z.toJSONSchema(containerConfigSchema, { io: 'input' });
  const { $schema: _draft, ...rest } = form;
  return {
    ...rest,
    required: ['name', 'image', 'port'],
    properties: Object.fromEntries(
      Object.entries(own).map(([name, schema]) => [name, shared[name] ?? schema]),
    ),
  };
}
