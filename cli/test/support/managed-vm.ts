// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  loadAnswerSchema,
  PROBLEM_CONTENT_TYPE,
  statusAnswerSchema,
  type ContainerStatus,
  type LoadAnswer,
  type LogLine,
  type Problem,
  type VolumeStatus,
} from '@proofgate/api';
import { onTestFinished } from 'vitest';

import { proofgate, type Outcome } from './command.ts';
import type { TestDirectory } from './directory.ts';

/** A request as it arrived. */
export interface SeenRequest {
  /** Method and path with query. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const DIGEST = 'ab'.repeat(32);

/** A VM's management API on the wire, which answers what a test tells it to. */
export class ManagedVm {
  readonly requests: SeenRequest[] = [];
  /** What is answered to the questions for the status, one after the other; the last one again and again. */
  status: readonly (readonly ContainerStatus[])[] = [[]];
  lines: readonly LogLine[] = [];
  volumes: readonly VolumeStatus[] = [];
  exec: unknown;
  /** Answered to everything instead. */
  problem: Problem | undefined;
  /** Answered to everything instead, as it is. */
  nonsense: string | undefined;

  readonly listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      const line = `${request.method ?? ''} ${request.url ?? ''}`;
      this.requests.push({ line, headers: request.headers, body });
      const { status, type, content } = this.#answer(line, body);
      response.writeHead(status, { 'content-type': type }).end(content);
    });
  };

  /** Serves it on a unix socket until the test is over. */
  async serve(path: string): Promise<string> {
    const server = createServer(this.listener);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
          server.closeAllConnections();
        }),
    );
    return path;
  }

  #answer(line: string, body: string): { status: number; type: string; content: string } {
    if (this.nonsense !== undefined)
      return { status: 200, type: 'text/html', content: this.nonsense };
    if (this.problem !== undefined) {
      const content = JSON.stringify(this.problem);
      return { status: this.problem.status, type: PROBLEM_CONTENT_TYPE, content };
    }
    if (line.includes('/logs?')) {
      const content = this.lines.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      return { status: 200, type: 'application/x-ndjson', content };
    }
    const answer = this.#jsonAnswer(line, body);
    return { status: 200, type: 'application/json', content: JSON.stringify(answer) };
  }

  #jsonAnswer(line: string, body: string): unknown {
    if (line === 'GET /api/v1/volumes') return { volumes: this.volumes };
    if (line === 'GET /api/v1/status') {
      const [next = [], ...later] = this.status;
      if (later.length > 0) this.status = later;
      return statusAnswerSchema.parse(next);
    }
    if (line.startsWith('POST /api/v1/containers/')) return this.exec;
    if (line === 'POST /api/v1/containers') return accepted(body);
    return { name: line.split('/').at(-1), status: 'unloaded' };
  }
}

/** A workload that is well. */
export function containerStatus(
  name: string,
  changes: Partial<ContainerStatus> = {},
): ContainerStatus {
  return {
    name,
    image: `registry.example.com/${name}@sha256:${DIGEST}`,
    status: 'healthy',
    restarts: 0,
    image_digest: DIGEST,
    spec_digest: DIGEST,
    config_root: DIGEST,
    ...changes,
  };
}

/** A refusal of a VM. */
export function problem(status: number, code: string, fields: Partial<Problem> = {}): Problem {
  return {
    type: 'about:blank',
    title: 'No',
    status,
    detail: 'because',
    code,
    instance: 'urn:uuid:00000000-0000-4000-8000-000000000000',
    ...fields,
  };
}

function accepted(body: string): LoadAnswer {
  const { name } = JSON.parse(body) as { name: string };
  return loadAnswerSchema.parse({
    name,
    image: `registry.example.com/${name}@sha256:${DIGEST}`,
    status: 'loading',
    replaces: false,
    spec_digest: DIGEST,
    config_root: DIGEST,
  }) as LoadAnswer;
}

/** A VM and a command that reaches it over a local socket. */
export async function managedVm(directory: TestDirectory) {
  const vm = new ManagedVm();
  const socket = await vm.serve(directory.file(`${randomUUID()}.sock`));
  const run = (...args: string[]): Promise<Outcome> => proofgate(...args, '--socket', socket);
  return { vm, socket, run };
}
