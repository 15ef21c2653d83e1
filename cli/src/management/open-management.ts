// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { DEFAULT_RUN_DIR } from '@proofgate/api';
import { CodedError } from '@proofgate/evidence';
import { AttestedAgent } from '@proofgate/verifier/node';

import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { readConfig } from '../input/config-argument.ts';
import { progressOn } from '../input/progress.ts';
import { readJudging, type JudgingArguments } from '../judging/judging-options.ts';
import type { Freshness } from '../judging/presented-evidence.ts';
import { readToken } from './bearer-token.ts';
import {
  ANSWER_TIMEOUT_MS,
  ManagementClient,
  type ManagementRequest,
  type Transport,
} from './management-client.ts';
import { ManagementRefusal } from './management-refusal.ts';

/** Options of every command that manages a VM. */
export interface ManagementArguments extends Omit<JudgingArguments, 'at'> {
  /** The platform's host of a VM; without it, the launcher of this machine. */
  readonly url?: string;
  readonly tokenFile?: string;
  readonly freshness?: Freshness;
  readonly socket?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Name of the launcher's local socket below `run_dir`. */
const LOCAL_SOCKET = 'launcher.sock';

/**
 * Opens the management API that the options name: a VM by its URL, or the launcher of this machine by its socket. A VM
 * proves what it is, under the given policy, before the token is sent.
 *
 * @throws CliError `ERR_CLI_USAGE`, `ERR_CLI_FILE`; what reading the judging options throws
 */
export async function openManagement(
  options: ManagementArguments,
  context: CommandContext,
): Promise<ManagementClient> {
  if (options.url !== undefined) return openRemote(options, options.url, context);
  const socketPath = await socketOf(options);
  const transport: Transport = (request) =>
    exchange(httpRequest, { socketPath, agent: false }, request, socketPath);
  return new ManagementClient(transport, () => undefined);
}

async function socketOf({ socket, config }: ManagementArguments): Promise<string> {
  if (socket !== undefined) return socket;
  const runDir =
    config === undefined ? DEFAULT_RUN_DIR : (await readConfig(config)).platform.run_dir;
  return join(runDir, LOCAL_SOCKET);
}

async function openRemote(
  options: ManagementArguments,
  url: string,
  { env, now, terminal }: CommandContext,
): Promise<ManagementClient> {
  const { host, port } = parseUrl(url);
  if (options.policy === undefined) {
    throw new CliError('ERR_CLI_USAGE', 'a token is sent only to a VM that satisfies a policy', {
      expected: '--policy with a policy file',
      hint: `proofgate policy init ${url} writes one from what the VM presents now`,
    });
  }
  const token = await readToken(options.tokenFile, env);
  const { freshness } = options;
  const progress = progressOn(terminal, options.json);
  const { at: _at, ...judging } = await readJudging(options, now, progress);
  const requirements = {
    ...judging,
    clock: now,
    ...(freshness === 'session' ? { freshness } : {}),
  };
  // One connection, so that a VM is verified once and not for every question.
  const agent = new AttestedAgent(requirements, { keepAlive: true, maxSockets: 1 });
  const authority = { host, port, agent, headers: { authorization: `Bearer ${token}` } };
  const transport: Transport = (request) => exchange(httpsRequest, authority, request, url);
  return new ManagementClient(transport, () => {
    agent.destroy();
  });
}

function parseUrl(text: string): { readonly host: string; readonly port: number } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url?.href === `https://${url?.host ?? ''}/`;
  if (url === undefined || !isOrigin) {
    throw new CliError('ERR_CLI_USAGE', 'the URL is not that of a VM', {
      expected: 'https://manager.machine.example.com, with a port where it is not 443',
      seen: text,
    });
  }
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  return { host, port: url.port === '' ? 443 : Number(url.port) };
}

function exchange(
  send: typeof httpRequest,
  options: RequestOptions,
  { method, path, json, accept, timeoutMs = ANSWER_TIMEOUT_MS }: ManagementRequest,
  where: string,
): Promise<IncomingMessage> {
  const content = json === undefined ? undefined : JSON.stringify(json);
  const headers = {
    ...options.headers,
    ...(accept === undefined ? {} : { accept }),
    ...(content === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
  };
  return new Promise((resolve, reject) => {
    const request = send({ ...options, method, path, headers });
    const timer = setTimeout(() => {
      request.destroy(unreachable(where, `no answer within ${String(timeoutMs / 1_000)} s`));
    }, timeoutMs);
    request.once('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.once('error', (error) => {
      clearTimeout(timer);
      // A peer that was refused says so itself.
      reject(error instanceof CodedError ? error : unreachable(where, error.message));
    });
    request.end(content);
  });
}

function unreachable(where: string, seen: string): ManagementRefusal {
  const message = `${where} cannot be reached`;
  return new ManagementRefusal('ERR_CLI_MANAGEMENT_UNAVAILABLE', message, seen);
}
