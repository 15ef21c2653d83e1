// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod';
import {
  doneAnswerSchema,
  extensionRequestSchema,
  loadAnswerSchema,
  unloadAnswerSchema,
} from './container-changes.ts';
import { execAnswerSchema, execCommandSchema } from './container-exec.ts';
import { LOG_LINES_CONTENT_TYPE, logsQuerySchema } from './container-logs.ts';
import { statusAnswerSchema } from './container-status.ts';
import { eventLogAnswerSchema } from './event-log-answer.ts';
import { healthAnswerSchema, readinessAnswerSchema } from './health-answers.ts';
import {
  attestationServersAnswerSchema,
  attestationServersRequestSchema,
  tlsAnswerSchema,
  tlsRequestSchema,
} from './platform-changes.ts';
import {
  resizeAnswerSchema,
  resizeRequestSchema,
  volumeDeletedSchema,
  volumesAnswerSchema,
} from './volumes.ts';

/** What a caller must be to use an endpoint; a manager may do everything that monitoring may. */
export type ManagementRole = 'none' | 'monitoring' | 'manager';

/**
 * What a token that is limited to some containers may still do: `container` needs the one that is named among them,
 * `load` its digest as well, `platform` is not for such a token at all.
 */
export type ManagementScope = 'open' | 'container' | 'load' | 'platform';

/** What an endpoint answers when it has done what it is for. */
export interface EndpointAnswer {
  readonly status: number;
  readonly description: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType;
  /** Of any other answer. */
  readonly contentTypes?: readonly string[];
}

/** One endpoint of the management API. */
export interface ManagementEndpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  readonly role: ManagementRole;
  readonly scope: ManagementScope;
  readonly query?: z.ZodType;
  /** `load` has two forms and a reader of its own. */
  readonly body?: z.ZodType | 'load';
  readonly answers: readonly EndpointAnswer[];
}

/** What can be done through the management API. */
export type ManagementOperation =
  | 'getHealth'
  | 'getOpenApi'
  | 'getReadiness'
  | 'getStatus'
  | 'getEventLog'
  | 'getMetrics'
  | 'getLogs'
  | 'loadContainer'
  | 'unloadContainer'
  | 'execInContainer'
  | 'setExtension'
  | 'completeConfig'
  | 'getVolumes'
  | 'resizeVolume'
  | 'deleteVolume'
  | 'replaceCa'
  | 'setAttestationServers';

const json = (status: number, description: string, schema: z.ZodType): EndpointAnswer => ({
  status,
  description,
  schema,
});

/** Every endpoint: what the router serves and what the OpenAPI document describes. */
export const MANAGEMENT_ENDPOINTS: Readonly<Record<ManagementOperation, ManagementEndpoint>> = {
  getHealth: {
    ...open('GET', '/healthz', 'Whether the launcher is at work'),
    answers: [
      json(200, 'It is.', healthAnswerSchema),
      json(503, 'It is still measuring the workloads.', healthAnswerSchema),
    ],
  },
  getOpenApi: {
    ...open('GET', '/openapi.json', 'This document'),
    answers: [{ status: 200, description: 'OpenAPI 3.1.', contentTypes: ['application/json'] }],
  },
  getReadiness: {
    ...look('/readyz', 'Whether every workload is running or healthy'),
    answers: [
      json(200, 'All are.', readinessAnswerSchema),
      json(503, 'Some are not.', readinessAnswerSchema),
    ],
  },
  getStatus: {
    ...look('/api/v1/status', 'Every workload and how it is'),
    answers: [json(200, 'In the order in which they were declared.', statusAnswerSchema)],
  },
  getEventLog: {
    ...look('/api/v1/eventlog', 'What RTMR3 was extended with, and the log of the boot'),
    answers: [json(200, 'The logs.', eventLogAnswerSchema)],
  },
  getMetrics: {
    ...look('/metrics', 'Metrics for Prometheus'),
    answers: [
      {
        status: 200,
        description: 'Text exposition format 0.0.4.',
        contentTypes: ['text/plain; version=0.0.4; charset=utf-8'],
      },
    ],
  },
  getLogs: {
    ...look('/api/v1/containers/{name}/logs', 'What a workload has printed'),
    scope: 'container',
    query: logsQuerySchema,
    answers: [
      {
        status: 200,
        description: 'Lines, with their time where it is known.',
        contentTypes: ['text/plain; charset=utf-8', LOG_LINES_CONTENT_TYPE],
      },
    ],
  },
  loadContainer: {
    ...change('POST', '/api/v1/containers', 'Load a container, or another version of one'),
    scope: 'load',
    body: 'load',
    answers: [json(202, 'Accepted; what becomes of it is in the status.', loadAnswerSchema)],
  },
  unloadContainer: {
    ...change('DELETE', '/api/v1/containers/{name}', 'End a container and forget it'),
    scope: 'container',
    answers: [json(200, 'It is gone, or never was.', unloadAnswerSchema)],
  },
  execInContainer: {
    ...change('POST', '/api/v1/containers/{name}/exec', 'Run a program in a container'),
    scope: 'container',
    body: execCommandSchema,
    answers: [json(200, 'It has ended.', execAnswerSchema)],
  },
  setExtension: {
    ...change(
      'POST',
      '/api/v1/containers/{name}/attestation-extensions',
      'Put an extension below arc 3.5 into the certificate of a container',
    ),
    scope: 'container',
    body: extensionRequestSchema,
    answers: [json(200, 'The next certificate has it.', doneAnswerSchema)],
  },
  completeConfig: {
    ...change(
      'POST',
      '/api/v1/containers/{name}/config-complete',
      'Say that a container is configured, so that all of it is served',
    ),
    scope: 'container',
    answers: [json(200, 'All of it is served.', doneAnswerSchema)],
  },
  getVolumes: {
    ...change('GET', '/api/v1/volumes', 'Every encrypted volume'),
    answers: [json(200, 'The volumes.', volumesAnswerSchema)],
  },
  resizeVolume: {
    ...change('POST', '/api/v1/volumes/{name}/resize', 'Make a volume larger'),
    body: resizeRequestSchema,
    answers: [json(200, 'It has the size.', resizeAnswerSchema)],
  },
  deleteVolume: {
    ...change('DELETE', '/api/v1/volumes/{name}', 'Destroy a volume that nothing uses'),
    answers: [json(200, 'It is gone.', volumeDeletedSchema)],
  },
  replaceCa: {
    ...change('PUT', '/api/v1/tls', 'Put another intermediary CA of the same name in force'),
    body: tlsRequestSchema,
    answers: [json(200, 'It is in force.', tlsAnswerSchema)],
  },
  setAttestationServers: {
    ...change('PUT', '/api/v1/attestation-servers', 'Replace the list of attestation servers'),
    body: attestationServersRequestSchema,
    answers: [json(200, 'Certificates say so.', attestationServersAnswerSchema)],
  },
};

type Common = Pick<ManagementEndpoint, 'method' | 'path' | 'summary' | 'role' | 'scope'>;

function open(method: 'GET', path: string, summary: string): Common {
  return { method, path, summary, role: 'none', scope: 'open' };
}

function look(path: string, summary: string): Common {
  return { method: 'GET', path, summary, role: 'monitoring', scope: 'open' };
}

function change(method: ManagementEndpoint['method'], path: string, summary: string): Common {
  return { method, path, summary, role: 'manager', scope: 'platform' };
}
