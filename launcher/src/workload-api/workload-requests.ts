// SPDX-License-Identifier: Apache-2.0
import type { PeerKeySet } from '@proofgate/api';
import {
  problemResponse,
  type UnixHandler,
  type UnixRequest,
  type UnixResponse,
} from '@proofgate/daemon';
import {
  encodeWorkloadEvidence,
  MAX_WORKLOAD_DATA_BYTES,
  type ExtensionValue,
} from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import type { EvidenceWindow } from './evidence-desk.ts';
import { encodeExtensionList, parseExtensionList } from './extension-list.ts';
import { base64Member, strictMembers } from './strict-members.ts';
import type { WorkloadIdentityDocument } from './workload-identity.ts';

/** Largest request: all extensions that there may be, in base64, with room for white space. */
export const MAX_WORKLOAD_REQUEST_BYTES = 65_536;

/** A workload is a few processes, each with a connection or two; all that are open are files of the launcher. */
export const MAX_WORKLOAD_CONNECTIONS = 32;

/** How long a workload that asks for too much evidence should wait: one more quote is due by then. */
const EVIDENCE_RETRY_S = '2';

/** What the socket of one workload works on. */
export interface WorkloadTarget {
  readonly evidence: EvidenceWindow;
  identity(): WorkloadIdentityDocument;
  /** With which the proxy signs what it says of clients. @throws LauncherError ERR_LAUNCHER_PEER_KEYS */
  peerKeys(): Promise<PeerKeySet>;
  /** What certificates carry now. */
  publishedExtensions(): readonly ExtensionValue[];
  /** Milliseconds until they carry what the workload wants; 0 when they do. */
  pendingMs(): number;
  /** @throws LauncherError ERR_LAUNCHER_EXTENSIONS_REFUSED */
  pushExtensions(extensions: readonly ExtensionValue[]): Promise<void>;
  /** @returns whether anything waited for it */
  completeConfiguration(): Promise<boolean>;
}

type Route = (request: UnixRequest) => UnixResponse | Promise<UnixResponse>;

/**
 * Answers what a workload asks its socket. Who asks is known by the socket: no request says it.
 *
 * @param target - the workload
 * @returns the handler
 */
export function workloadRequests(target: WorkloadTarget): UnixHandler {
  const routes = new Map<string, Readonly<Record<string, Route>>>([
    ['/v1/identity', { GET: () => ({ status: 200, body: target.identity() }) }],
    ['/v1/peer-keys', { GET: async () => ({ status: 200, body: await target.peerKeys() }) }],
    ['/v1/evidence', { POST: (request) => evidence(target, request) }],
    [
      '/v1/extensions',
      { GET: () => extensions(target), PUT: (request) => pushExtensions(target, request) },
    ],
    ['/v1/config-complete', { POST: () => configComplete(target) }],
  ]);
  return (request) => {
    const methods = routes.get(request.path) ?? {};
    const route = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (route !== undefined) return route(request);
    const allow = Object.keys(methods);
    const detail = `there is no ${request.method} ${request.path}`;
    return problemResponse(
      { status: allow.length === 0 ? 404 : 405, code: 'ERR_LAUNCHER_WORKLOAD_REQUEST', detail },
      allow.length === 0 ? {} : { allow: allow.join(', ') },
    );
  };
}

async function evidence(target: WorkloadTarget, request: UnixRequest): Promise<UnixResponse> {
  const members = strictMembers(request.json(), 'the request', ['data']);
  const data = base64Member(members.get('data'), 'data', MAX_WORKLOAD_DATA_BYTES);
  try {
    const made = await target.evidence.ask(data, request.signal);
    return { status: 200, body: encodeWorkloadEvidence(made) };
  } catch (error) {
    if (!(error instanceof LauncherError) || error.code !== 'ERR_LAUNCHER_EVIDENCE_BUSY')
      throw error;
    const { message: detail, code } = error;
    return problemResponse({ status: 429, code, detail }, { 'retry-after': EVIDENCE_RETRY_S });
  }
}

async function pushExtensions(target: WorkloadTarget, request: UnixRequest): Promise<UnixResponse> {
  const members = strictMembers(request.json(), 'the request', ['extensions']);
  await target.pushExtensions(parseExtensionList(members.get('extensions')));
  return extensions(target);
}

function extensions(target: WorkloadTarget): UnixResponse {
  return {
    status: 200,
    body: {
      published: encodeExtensionList(target.publishedExtensions()),
      pendingMs: target.pendingMs(),
    },
  };
}

async function configComplete(target: WorkloadTarget): Promise<UnixResponse> {
  return { status: 200, body: { status: 'ok', awaited: await target.completeConfiguration() } };
}
