// SPDX-License-Identifier: Apache-2.0
import { serialize } from 'node:v8';
import type { ClientsConfig, PolicyObject, RouteConfig } from '@proofgate/api';
import { readBoundedFile } from '@proofgate/daemon';
import { decodePem, fromUtf8, sha256, toHex } from '@proofgate/evidence';
import { parsePolicy, parsePolicyText, type Policy } from '@proofgate/verifier';
import { readCollateralBundles } from '@proofgate/verifier/node';
import { ProxyError } from '../errors.ts';
import type { ClientCollateral, ClientSettings, RouteClients } from '../peer/route-clients.ts';

/** A policy with hundreds of measurement sets, or a file of roots during a rotation. */
const MAX_CLIENT_FILE_BYTES = 1024 * 1024;

/** What the proxy's own file says about clients, with everything that it names read. */
export interface OwnClients {
  readonly settings: ClientSettings;
  /** Of the routes that ask who their clients are, by host name. */
  readonly policies: ReadonlyMap<string, Policy>;
}

/** A host, as far as its clients are concerned. */
export interface AskingHost {
  readonly hostname: string;
  readonly mode: RouteConfig['mode'];
  readonly clients: RouteClients['mode'];
}

/**
 * Reads what the file names: policies, roots, collateral.
 *
 * @throws ProxyError ERR_PROXY_CLIENT_POLICY for what cannot be read or never accepts anybody
 */
export async function readOwnClients(
  config: ClientsConfig,
  routes: readonly RouteConfig[],
): Promise<OwnClients> {
  const policies = new Map<string, Policy>();
  const asking = routes.filter(({ clients }) => clients !== 'none');
  for (const { hostname, client_policy: policy } of asking) {
    policies.set(hostname, await told(`host ${hostname}`, () => readPolicy(policy)));
  }
  return { settings: await readSettings(config), policies };
}

/**
 * What the clients of a host have to prove, as workers need it.
 *
 * @throws ProxyError ERR_PROXY_CLIENT_POLICY for rules that nobody could ever satisfy
 */
export function routeClients(
  host: AskingHost,
  policy: Policy,
  settings: ClientSettings,
): RouteClients {
  checkPossible(host, policy, settings);
  const id = digestOf({ mode: host.clients, policy, settings: settings.id });
  return { mode: host.clients, id, policy, settings };
}

/** @throws ProxyError ERR_PROXY_CLIENT_POLICY */
export function parseClientPolicy(hostname: string, policy: PolicyObject): Policy {
  try {
    return parsePolicy(policy);
  } catch (error) {
    throw unusable(`host ${hostname}`, error);
  }
}

async function readPolicy(policy: RouteConfig['client_policy']): Promise<Policy> {
  if (policy === undefined) throw new TypeError('no policy');
  if (typeof policy !== 'string') return parsePolicy(policy);
  return parsePolicyText(fromUtf8(await readBoundedFile(policy, MAX_CLIENT_FILE_BYTES)));
}

async function readSettings(config: ClientsConfig): Promise<ClientSettings> {
  const { roots, max_age: maxAgeMs, privasys_headers: privasysHeaders } = config;
  const settings = {
    collateral: await told('platform.clients.collateral', () => readCollateral(config.collateral)),
    caRoots:
      roots === undefined
        ? undefined
        : await told('platform.clients.roots', () => readRoots(roots)),
    maxAgeMs,
    privasysHeaders,
  };
  return { ...settings, id: digestOf(settings) };
}

async function readCollateral(from: string): Promise<ClientCollateral> {
  if (from === 'stapled') return { kind: 'stapled' };
  if (/^https?:\/\//.test(from)) return { kind: 'service', url: from };
  return { kind: 'bundles', bundles: await readCollateralBundles(from), from };
}

async function readRoots(path: string): Promise<readonly Uint8Array[]> {
  const pem = fromUtf8(await readBoundedFile(path, MAX_CLIENT_FILE_BYTES));
  return decodePem(pem, 'CERTIFICATE');
}

/** What is written down must be able to let somebody in: a host that nobody reaches looks like one that is down. */
function checkPossible(
  { hostname, mode }: AskingHost,
  policy: Policy,
  { collateral, caRoots }: ClientSettings,
): void {
  const impossible = (problem: string, hint: string): ProxyError =>
    new ProxyError('ERR_PROXY_CLIENT_POLICY', `host ${hostname}: ${problem}`, { hint });
  if (policy.workloads !== undefined) {
    throw impossible('clients cannot prove workloads', 'remove workloads from the policy');
  }
  const claims = policy.extensions.length > 0 || policy.imageProfile !== undefined;
  if (claims && caRoots === undefined) {
    const problem = 'the policy asks for what certificates say, and nobody vouches for that';
    throw impossible(problem, 'name the roots of your clients in platform.clients.roots');
  }
  if (mode === 'http') return;
  if (policy.freshness.mode === 'session') {
    const problem = 'clients of mode tcp cannot show evidence for the session';
    throw impossible(problem, 'ask for freshness certificate');
  }
  if (collateral.kind === 'stapled') {
    const problem = 'clients of mode tcp cannot staple collateral';
    throw impossible(problem, 'set platform.clients.collateral');
  }
}

async function told<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unusable(what, error);
  }
}

function unusable(what: string, cause: unknown): ProxyError {
  const seen = cause instanceof Error ? cause.message : String(cause);
  return new ProxyError('ERR_PROXY_CLIENT_POLICY', `${what}: ${seen}`, { cause });
}

/** Equal values give equal names, in this process and its workers alone. */
function digestOf(value: unknown): string {
  return toHex(sha256(Uint8Array.from(serialize(value))));
}
