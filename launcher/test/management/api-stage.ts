// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { OidcConfig, Problem } from '@proofgate/api';
import { createLogger, serveUnixHttp, type UnixHttpServer } from '@proofgate/daemon';
import { onTestFinished } from 'vitest';
import { createManagementApi } from '../../src/management/management-api.ts';
import { RemoteCallers } from '../../src/management/remote-callers.ts';
import { serveManagerSocket } from '../../src/management/manager-socket.ts';
import { temporaryDirectory } from '../fixtures.ts';
import { MemoryTarget } from './memory-target.ts';
import { MANAGER, MONITORING, OidcIssuer } from './oidc-issuer.ts';

/** How a request differs from a GET without anything. */
export interface RequestWish {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: string | Uint8Array;
}

/** An answer that was read to its end. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON. */
  readonly body: unknown;
  /** The text as JSON, which has to be a problem. */
  readonly problem: Problem;
}

/** A line of the launcher's log. */
export type LogEntry = Readonly<Record<string, unknown>>;

/** The management API on its two sockets, above a target in memory. */
export interface ApiStage {
  readonly target: MemoryTarget;
  readonly issuer: OidcIssuer;
  readonly log: readonly LogEntry[];
  /** The clock, in milliseconds since the epoch. */
  time: number;
  local(method: string, path: string, wish?: RequestWish): Promise<ApiAnswer>;
  /** As manager unless a token or headers say otherwise. */
  remote(method: string, path: string, wish?: RequestWish): Promise<ApiAnswer>;
  /** The head of a remote answer; its content comes as it is made. */
  open(path: string, wish?: RequestWish): Promise<IncomingMessage>;
}

/** What may differ from an API with an issuer. */
export interface StageWish {
  readonly oidc?: Partial<OidcConfig> | 'absent';
  readonly execAllowed?: boolean;
  readonly alg?: string;
}

/** Sets the stage; everything is gone after the test. */
export async function apiStage({
  oidc = {},
  execAllowed = true,
  alg = 'ES256',
}: StageWish = {}): Promise<ApiStage> {
  const dir = await temporaryDirectory();
  const log: LogEntry[] = [];
  const clock = { time: Date.parse('2026-11-20T12:00:00Z') };
  const issuer = await OidcIssuer.start(() => clock.time, alg);
  onTestFinished(() => issuer.close());
  const logger = createLogger({
    name: 'test',
    destination: { write: (line) => void log.push(JSON.parse(line) as LogEntry) },
  });
  const target = new MemoryTarget();
  const config = {
    issuer: issuer.url,
    audience: 'enclave-os-virtual',
    role_claim: 'roles',
    manager_role: MANAGER,
    monitoring_role: MONITORING,
  };
  const callers =
    oidc === 'absent'
      ? undefined
      : new RemoteCallers({ oidc: { ...config, ...oidc }, now: () => clock.time });
  const api = createManagementApi({ target, logger, execAllowed, callers });
  const localPath = join(dir, 'launcher.sock');
  const remotePath = join(dir, 'manager.sock');
  const servers: UnixHttpServer[] = [
    await serveUnixHttp({ path: localPath, handler: api.local, logger }),
    await serveManagerSocket({ path: remotePath, logger, workerGid: undefined, api: api.remote }),
  ];
  onTestFinished(async () => {
    for (const server of servers) await server.close();
  });
  return {
    target,
    issuer,
    log,
    get time() {
      return clock.time;
    },
    set time(time: number) {
      clock.time = time;
    },
    local: (method, path, wish = {}) => ask(localPath, method, path, wish),
    remote: async (method, path, wish = {}) => {
      const token = wish.token ?? (wish.headers === undefined ? await issuer.token() : undefined);
      return ask(remotePath, method, path, { ...wish, ...(token === undefined ? {} : { token }) });
    },
    open: async (path, wish = {}) =>
      send(remotePath, 'GET', path, { token: await issuer.token(), ...wish }),
  };
}

async function ask(
  socketPath: string,
  method: string,
  path: string,
  wish: RequestWish,
): Promise<ApiAnswer> {
  const response = await send(socketPath, method, path, wish);
  const content = await text(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: content,
    get body() {
      return JSON.parse(content) as unknown;
    },
    get problem() {
      if (response.headers['content-type'] !== 'application/problem+json') {
        throw new Error(`no problem: ${String(response.statusCode)} ${content}`);
      }
      return JSON.parse(content) as Problem;
    },
  };
}

function send(
  socketPath: string,
  method: string,
  path: string,
  { token, headers = {}, json, body }: RequestWish,
): Promise<IncomingMessage> {
  const content = json === undefined ? body : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath,
        method,
        path,
        agent: false,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(content === undefined ? {} : { 'content-length': Buffer.byteLength(content) }),
          ...headers,
        },
      },
      resolve,
    );
    request.once('error', reject);
    request.end(content);
  });
}
