// SPDX-License-Identifier: Apache-2.0
import { isToken, type RegistryCredentials } from './registry-credentials.ts';
import type { Challenge } from './challenge.ts';
import type { HostRules } from './host-rules.ts';
import { RegistryUnavailable, registryRefused, unauthorized } from './registry-fault.ts';
import type { RegistryTransport, TransportResponse } from './registry-transport.ts';
import { isTransient, readBody, sendRequest } from './transport-errors.ts';

type BearerChallenge = Extract<Challenge, { readonly kind: 'bearer' }>;

/** The longest tokens have some 4 KiB; with them come times and other forms of the same token. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Gets a token from the service that a registry names (distribution-spec, "token authentication").
 *
 * @param repository - what is to be pulled, should the registry not say
 * @param credentials - sent to that service and nowhere else; without them it is asked for what everybody may have
 * @returns the token
 * @throws LauncherError ERR_LAUNCHER_REGISTRY_REFUSED, ERR_LAUNCHER_REGISTRY_UNAUTHORIZED,
 *   ERR_LAUNCHER_REGISTRY_UNAVAILABLE
 */
export async function fetchToken(
  challenge: BearerChallenge,
  options: {
    readonly repository: string;
    readonly rules: HostRules;
    readonly credentials: RegistryCredentials | undefined;
    readonly transport: RegistryTransport;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const { rules, credentials, transport, signal } = options;
  const url = rules.follow(challenge.realm, rules.base, 'a token service');
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  url.searchParams.set('scope', challenge.scope ?? `repository:${options.repository}:pull`);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (credentials?.kind === 'password') headers['authorization'] = `Basic ${credentials.basic}`;
  const response = await sendRequest(transport, { url, headers, signal });
  refuseStatus(response, url, credentials);
  const token = tokenOf(await readBody(response, MAX_ANSWER_BYTES, url.host, signal));
  if (token !== undefined) return token;
  throw registryRefused(`${url.host} gives no token`, {
    expected: 'JSON with token or access_token',
    seen: 'something else',
  });
}

function refuseStatus(
  response: TransportResponse,
  url: URL,
  credentials: RegistryCredentials | undefined,
): void {
  const { status } = response;
  if (status === 200) return;
  response.discard();
  const seen = `status ${String(status)} of the token service`;
  if (isTransient(status)) throw new RegistryUnavailable(`${url.host} gives no token`, { seen });
  if (status >= 400) {
    const hint =
      credentials === undefined
        ? 'name a credentials_file for this registry'
        : 'check the credentials_file of this registry';
    throw unauthorized(url.host, seen, hint);
  }
  // A redirect would take the credentials along, or lose them.
  throw registryRefused(`${url.host} gives no token`, { expected: 'status 200', seen });
}

function tokenOf(bytes: Uint8Array): string | undefined {
  try {
    const answer: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof answer !== 'object' || answer === null) return undefined;
    const token: unknown = Reflect.get(answer, 'token') ?? Reflect.get(answer, 'access_token');
    return typeof token === 'string' && isToken(token) ? token : undefined;
  } catch {
    return undefined;
  }
}
