// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from 'node:http';
import { LauncherError } from '../errors.ts';

/** Who sends a request, as far as its bearer token proves it. */
export interface Caller {
  /** `sub` of the token. */
  readonly subject: string;
  /** Every role that the token carries, also those that mean nothing to the launcher itself. */
  readonly roles: ReadonlySet<string>;
}

/** How callers are told apart. */
export interface CallerPolicy {
  /** Audience of the tokens; roles for applications begin with it. */
  readonly audience: string;
  /**
   * Verifies the bearer token of a request.
   *
   * @throws LauncherError ERR_LAUNCHER_TOKEN_MISSING, ERR_LAUNCHER_TOKEN_INVALID, ERR_LAUNCHER_ISSUER_UNAVAILABLE …
   */
  identify(headers: IncomingHttpHeaders): Promise<Caller>;
}

/** Who may configure one workload. */
export interface Configurers {
  /** UUID as 32 lower-case hex digits. */
  readonly appId: string | undefined;
  /** Subjects. */
  readonly owners: readonly string[];
}

/**
 * Demands that a caller may configure a workload: it is named among the owners, or is owner or admin of the application.
 * A workload without either can be configured by nobody.
 *
 * @param caller - who asks
 * @param configurers - who may
 * @param audience - of the tokens
 * @throws LauncherError ERR_LAUNCHER_CONFIGURE_REFUSED
 */
export function demandConfigurer(
  caller: Caller,
  { appId, owners }: Configurers,
  audience: string,
): void {
  if (owners.includes(caller.subject)) return;
  const roles =
    appId === undefined ? [] : ['owner', 'admin'].map((role) => `${audience}:app:${appId}:${role}`);
  if (roles.some((role) => caller.roles.has(role))) return;
  throw new LauncherError(
    'ERR_LAUNCHER_CONFIGURE_REFUSED',
    'configure requires the app owner or admin',
    {
      expected: roles.length > 0 ? roles.join(' or ') : 'a subject named in owners',
      seen: caller.subject,
    },
  );
}
