// SPDX-License-Identifier: Apache-2.0
import {
  execCommandSchema,
  extensionRequestSchema,
  loadRequestSchema,
  LOG_LINES_CONTENT_TYPE,
  logsQuerySchema,
  type DoneAnswer,
  type ExecAnswer,
  type LoadAnswer,
  type LogLine,
  type UnloadAnswer,
} from '@proofgate/api';
import type { UnixResponse } from '@proofgate/daemon';
import { toBase64 } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { jsonAnswer, streamAnswer } from './answers.ts';
import { readContent, readQuery } from './call.ts';
import { authorizeLoad } from './caller.ts';
import type { OperationCall, Operations } from './operations.ts';

/** Followers hold a connection each; the local socket and the proxy have a few hundred for everything. */
export const MAX_LOG_FOLLOWERS = 64;

const DONE: DoneAnswer = { status: 'ok' };

/** What can be done with single containers. */
export function containerOperations(): Pick<
  Operations,
  | 'getLogs'
  | 'loadContainer'
  | 'unloadContainer'
  | 'execInContainer'
  | 'setExtension'
  | 'completeConfig'
> {
  const followers = new Set<AbortSignal>();
  return {
    getLogs: (call) => Promise.resolve(logs(call, followers)),
    loadContainer: load,
    unloadContainer: async ({ target, name }) => {
      await target.unload(name);
      const answer: UnloadAnswer = { name, status: 'unloaded' };
      return jsonAnswer(200, answer);
    },
    execInContainer: exec,
    setExtension: async (call) => {
      const { oid, value } = readContent(call, () => extensionRequestSchema);
      call.note({ oid });
      await call.target.setExtension(call.name, oid, value);
      return jsonAnswer(200, DONE);
    },
    completeConfig: async ({ target, name }) => {
      await target.completeConfig(name);
      return jsonAnswer(200, DONE);
    },
  };
}

async function load(call: OperationCall): Promise<UnixResponse> {
  const config = readContent(call, loadRequestSchema);
  const { name, image = 'process' } = config;
  call.note({ workload: name, image });
  authorizeLoad(call.caller, config);
  const accepted = await call.target.load(config);
  const answer: LoadAnswer = {
    name,
    image: accepted.image,
    status: 'loading',
    replaces: accepted.replaces,
    spec_digest: accepted.specDigest,
    config_root: accepted.configRoot,
  };
  return jsonAnswer(202, answer);
}

async function exec(call: OperationCall): Promise<UnixResponse> {
  if (!call.execAllowed) {
    throw new LauncherError(
      'ERR_LAUNCHER_EXEC_DISABLED',
      'programs are not run in containers here',
      {
        expected: 'platform.containers.exec: true in the config file',
      },
    );
  }
  const {
    command,
    timeout_seconds: seconds,
    max_output_bytes: maxOutputBytes,
  } = readContent(call, () => execCommandSchema);
  // Arguments are where people put passwords.
  const [program = ''] = command;
  call.note({ program, arguments: command.length - 1 });
  const { code, stdout, stderr } = await call.target.exec(call.name, {
    argv: command,
    timeoutMs: seconds * 1_000,
    maxOutputBytes,
    signal: call.request.signal,
  });
  call.note({ exitCode: code ?? 'timeout' });
  const answer: ExecAnswer = {
    exit_code: code ?? null,
    stdout_b64: toBase64(stdout),
    stderr_b64: toBase64(stderr),
  };
  return jsonAnswer(200, answer);
}

function logs(call: OperationCall, followers: Set<AbortSignal>): UnixResponse {
  const { stream, tail_bytes: tailBytes, follow } = readQuery(call, logsQuerySchema);
  const { headers, signal } = call.request;
  const lines = call.target.logs(call.name, { stream, tailBytes, follow, signal });
  if (follow && followers.size >= MAX_LOG_FOLLOWERS) {
    throw new LauncherError('ERR_LAUNCHER_TOO_MANY_STREAMS', 'too many logs are followed', {
      expected: `at most ${String(MAX_LOG_FOLLOWERS)} at a time`,
    });
  }
  const asJson = headers.accept?.includes(LOG_LINES_CONTENT_TYPE) ?? false;
  const answer = asJson
    ? streamAnswer(LOG_LINES_CONTENT_TYPE, written(lines, jsonLine))
    : streamAnswer('text/plain; charset=utf-8', written(lines, textLine));
  if (follow) {
    followers.add(signal);
    // Also when nobody ever read of it.
    answer.stream?.once('close', () => followers.delete(signal));
  }
  return answer;
}

async function* written(
  lines: AsyncIterable<LogLine>,
  write: (line: LogLine) => string,
): AsyncGenerator<string> {
  for await (const line of lines) yield write(line);
}

function jsonLine(line: LogLine): string {
  return `${JSON.stringify(line)}\n`;
}

function textLine({ stream, time, text }: LogLine): string {
  if (stream === 'launcher') return `-- ${text}\n`;
  return time === undefined ? `${text}\n` : `${time} ${text}\n`;
}
