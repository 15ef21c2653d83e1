// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import {
  ADMIN_PATHS,
  gatewayStateSchema,
  type GatewayState,
  type DrainStarted,
  type IdentitySummary,
  type PeerKeySet,
  type ProxyHealth,
  type ProxyReadiness,
  type StateSummary,
} from '@proofgate/api';
import {
  METRICS_CONTENT_TYPE,
  problemResponse,
  type UnixHandler,
  type UnixRequest,
  type UnixResponse,
} from '@proofgate/daemon';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';

/** A state with a thousand hosts, their manifests and a firmware log fits four times. */
export const MAX_STATE_BYTES: number = 64 * 1024 * 1024;

/** What the admin socket shows and changes. */
export interface AdminTarget {
  /** @throws ProxyError ERR_PROXY_STATE_STALE, ERR_PROXY_STATE_INVALID, ERR_PROXY_HOST_CONFLICT */
  applyState(state: GatewayState): Promise<void>;
  stateSummary(): StateSummary;
  identities(): readonly IdentitySummary[];
  health(): ProxyHealth;
  readiness(): ProxyReadiness;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  /** Begins to end all connections, for good. */
  drain(): void;
  /** That tokens about clients are verified with. */
  peerKeys(): PeerKeySet;
}

type Route = (request: UnixRequest) => UnixResponse | Promise<UnixResponse>;

/** Answers the requests of the admin socket. */
export function adminHandler(target: AdminTarget): UnixHandler {
  const routes = new Map<string, Route>([
    [`GET ${ADMIN_PATHS.state}`, () => ({ status: 200, body: target.stateSummary() })],
    [`PUT ${ADMIN_PATHS.state}`, (request) => putState(target, request)],
    [
      `GET ${ADMIN_PATHS.identities}`,
      () => ({ status: 200, body: { identities: target.identities() } }),
    ],
    [`POST ${ADMIN_PATHS.drain}`, (request) => drain(target, request)],
    [`GET ${ADMIN_PATHS.peerKeys}`, () => ({ status: 200, body: target.peerKeys() })],
    [`GET ${ADMIN_PATHS.health}`, () => health(target)],
    [`GET ${ADMIN_PATHS.readiness}`, () => readiness(target)],
    [`GET ${ADMIN_PATHS.metrics}`, () => metrics(target)],
  ]);
  return (request) => {
    const route = routes.get(`${request.method} ${request.path}`);
    if (route !== undefined) return route(request);
    if (PATHS.has(request.path)) return wrongMethod(routes, request);
    const detail = `there is no ${request.method} ${request.path}`;
    const code: ProxyErrorCode = 'ERR_PROXY_ADMIN_NOT_FOUND';
    return problemResponse({ status: 404, code, detail });
  };
}

const PATHS: ReadonlySet<string> = new Set(Object.values(ADMIN_PATHS));

function wrongMethod(
  routes: ReadonlyMap<string, Route>,
  { path, method }: UnixRequest,
): UnixResponse {
  const allow = [...routes.keys()]
    .map((route) => route.split(' '))
    .flatMap(([allowed = '', of]) => (of === path ? [allowed] : []))
    .join(', ');
  const code: ProxyErrorCode = 'ERR_PROXY_ADMIN_METHOD';
  return problemResponse({ status: 405, code, detail: `${method} on ${path}` }, { allow });
}

async function putState(target: AdminTarget, request: UnixRequest): Promise<UnixResponse> {
  const parsed = gatewayStateSchema.safeParse(request.json());
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, MAX_PROBLEMS)
      .map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ProxyError('ERR_PROXY_STATE_INVALID', problems.join('; '));
  }
  try {
    await target.applyState(parsed.data);
  } catch (error) {
    if (!(error instanceof ProxyError) || error.code !== 'ERR_PROXY_STATE_STALE') throw error;
    return problemResponse({ status: 409, code: error.code, detail: error.message });
  }
  return { status: 200, body: { revision: parsed.data.revision, applied: true } };
}

function drain(target: AdminTarget, request: UnixRequest): UnixResponse {
  if (request.body.length > 0) {
    const detail = 'a request to drain has no content';
    const code: ProxyErrorCode = 'ERR_PROXY_ADMIN_CONTENT';
    return problemResponse({ status: 400, code, detail });
  }
  target.drain();
  const body: DrainStarted = { status: 'draining' };
  return { status: 202, body };
}

/** The first few say what is wrong; a state of the wrong kind has thousands. */
const MAX_PROBLEMS = 5;

function health(target: AdminTarget): UnixResponse {
  const body = target.health();
  return { status: body.status === 'ok' ? 200 : 503, body };
}

function readiness(target: AdminTarget): UnixResponse {
  const body = target.readiness();
  return { status: body.status === 'ready' ? 200 : 503, body };
}

async function metrics(target: AdminTarget): Promise<UnixResponse> {
  const stream = Readable.from([await target.metrics()], { objectMode: false });
  return { status: 200, stream, headers: { 'content-type': METRICS_CONTENT_TYPE } };
}
