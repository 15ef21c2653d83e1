// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { LauncherError } from '../../src/errors.ts';
import type { CallerPolicy } from '../../src/workload-api/caller.ts';

/** A request as the container has it. */
export interface SeenRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A container that can be configured, and what reached it. */
export interface ConfiguredApp {
  readonly port: number;
  readonly seen: SeenRequest[];
  /** Requests that have begun. */
  readonly heads: () => number;
  /** How it answers from now on. */
  answer: (request: SeenRequest, response: ServerResponse) => void;
}

/** Starts one on loopback. */
export async function configuredApp(): Promise<ConfiguredApp> {
  let heads = 0;
  const app = {
    port: 0,
    seen: [] as SeenRequest[],
    heads: () => heads,
    answer: (_: SeenRequest, response: ServerResponse): void => {
      response.end('done');
    },
  };
  const server = createServer((request, response) => {
    heads += 1;
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const line = `${request.method ?? ''} ${request.url ?? ''}`;
      const seen = { line, headers: request.headers, body };
      app.seen.push(seen);
      app.answer(seen, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  app.port = (server.address() as AddressInfo).port;
  return app;
}

export const APP_ID = '11111111222233334444555555555555';
export const AUDIENCE = 'enclave-os-virtual';

/** Whom the tokens of the tests belong to. */
const HOLDERS: Readonly<Record<string, { subject: string; roles: readonly string[] }>> = {
  alice: { subject: 'alice', roles: [] },
  bob: { subject: 'bob', roles: [`${AUDIENCE}:app:${APP_ID}:owner`] },
  carol: { subject: 'carol', roles: ['x', `${AUDIENCE}:app:${APP_ID}:admin`] },
  manager: { subject: 'manager', roles: ['privasys-platform:manager'] },
  neighbour: { subject: 'n', roles: [`${AUDIENCE}:app:${'2'.repeat(32)}:owner`] },
  stranger: {
    subject: 's',
    roles: [`other:app:${APP_ID}:owner`, `${AUDIENCE}:app:${APP_ID}:user`],
  },
  capitals: { subject: 'ALICE', roles: [`${AUDIENCE}:app:${APP_ID}:OWNER`] },
};

/** An issuer whose tokens are the names of their holders. */
export const CALLERS: CallerPolicy = {
  audience: AUDIENCE,
  identify: ({ authorization }) => {
    const [scheme, token = ''] = (authorization ?? '').split(' ');
    if (authorization === undefined) {
      return Promise.reject(new LauncherError('ERR_LAUNCHER_TOKEN_MISSING', 'no token'));
    }
    if (token === 'outage') {
      return Promise.reject(new LauncherError('ERR_LAUNCHER_ISSUER_UNAVAILABLE', 'no keys'));
    }
    if (token === 'bug') return Promise.reject(new TypeError('a secret of the launcher'));
    const holder = scheme === 'Bearer' ? HOLDERS[token] : undefined;
    if (holder === undefined) {
      return Promise.reject(new LauncherError('ERR_LAUNCHER_TOKEN_INVALID', 'bad token'));
    }
    return Promise.resolve({ subject: holder.subject, roles: new Set(holder.roles) });
  },
};
