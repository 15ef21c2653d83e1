// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createLogger } from '@proofgate/daemon';
import type { CallerPolicy } from '../../src/workload-api/caller.ts';
import type { WorkloadEndpoint } from '../../src/workload-api/workload-endpoint.ts';
import { CALLERS, configuredApp, type ConfiguredApp } from './configured-app.ts';
import type { WorkloadSockets } from '../../src/workload-api/workload-sockets.ts';
import { container, runOf, socketStage, type FakeRun, type SocketStage } from './stage.ts';

/** The route that tests configure by. */
export const CONFIG_API = { method: 'PUT', path: '/configure' };

/** A container behind a gate. */
export interface Gated {
  readonly stage: SocketStage;
  readonly sockets: WorkloadSockets;
  readonly endpoint: WorkloadEndpoint;
  readonly app: ConfiguredApp;
  readonly run: FakeRun;
  readonly measured: ReturnType<typeof container>;
  readonly log: string[];
  /** Sends a request to the gate, as the proxy would. */
  send(
    options?: Partial<Sent>,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>;
}

/** A request as the proxy would send it. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Starts a container that is to be configured; its token is the name of its holder. */
export async function gated(
  fields: Readonly<Record<string, unknown>> = { owners: ['alice'] },
  callers: CallerPolicy | 'nobody' = CALLERS,
): Promise<Gated> {
  const stage = await socketStage();
  const log: string[] = [];
  const logger = createLogger({
    name: 'test',
    destination: { write: (line: string) => void log.push(line) },
  });
  const sockets = await stage.open({
    callers: callers === 'nobody' ? undefined : callers,
    logger,
  });
  const app = await configuredApp();
  const measured = container({ config_api: CONFIG_API, ...fields });
  await sockets.give(measured);
  const run = runOf('web-1', app.port);
  await sockets.started(measured, run.instance);
  const endpoint = sockets.find(measured)!;
  const send: Gated['send'] = ({
    method = CONFIG_API.method,
    path = CONFIG_API.path,
    token = 'alice',
    headers = {},
    body = '{"secret":1}',
  } = {}) =>
    new Promise((resolve, reject) => {
      httpRequest(
        {
          socketPath: endpoint.configure?.upstream.slice('unix:'.length),
          method,
          path,
          agent: false,
          headers: {
            host: 'web.example.com',
            ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.once('error', reject);
          response.once('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
          });
        },
      )
        .on('error', reject)
        .end(body);
    });
  return { stage, sockets, endpoint, app, run, measured, log, send };
}
