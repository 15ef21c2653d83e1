// SPDX-License-Identifier: Apache-2.0
import { fromUtf8 } from '@proofgate/evidence';
import { request, type IncomingMessage } from 'node:http';
import { AttesterError, errnoOf } from '../errors.ts';

/** Where the simulated platform listens. */
export interface SimulatedPlatformOptions {
  /** Path of its unix socket. */
  readonly socketPath: string;
}

/** One request of the simulated platform's protocol: HTTP/1.1 with JSON bodies over a unix socket. */
interface SimulatorRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Readonly<Record<string, string | number>>;
  readonly signal?: AbortSignal;
}

/** The largest answer is the collateral, 20 KB with a few revocations; 1 MiB allows for long lists. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** A simulated quote takes as long as its configured latency, at most seconds. */
const ANSWER_TIMEOUT_MS = 30_000;

/**
 * Sends one request to the simulated platform.
 *
 * @param options - the socket
 * @param wanted - the request
 * @returns the JSON of the answer, not yet checked; `undefined` for an answer without content
 * @throws AttesterError `ERR_ATTESTER_SIMULATOR_UNREACHABLE`, `ERR_ATTESTER_SIMULATOR_REFUSED`,
 * `ERR_ATTESTER_SIMULATOR_ANSWER`
 */
export async function askSimulatedPlatform(
  options: SimulatedPlatformOptions,
  wanted: SimulatorRequest,
): Promise<unknown> {
  const { status, body } = await exchange(options.socketPath, wanted);
  if (status === 204 && body.length === 0) return undefined;
  const json = parseJson(body);
  if (status === 200) return json;
  throw new AttesterError(
    'ERR_ATTESTER_SIMULATOR_REFUSED',
    `the simulated platform refused ${wanted.method} ${wanted.path} with status ${status}`,
    { seen: refusalText(json) },
  );
}

/**
 * The error for an answer that does not follow the protocol.
 *
 * @param what - which part is wrong
 * @param cause - the error underneath
 * @returns the error to throw
 */
export function badAnswer(what: string, cause?: unknown): AttesterError {
  return new AttesterError(
    'ERR_ATTESTER_SIMULATOR_ANSWER',
    `answer of the simulated platform: ${what}`,
    { hint: 'run the simulator and this program in the same version', cause },
  );
}

/**
 * Takes the fields of a JSON object.
 *
 * @param json - what came over the socket
 * @returns the object's fields, still unknown
 * @throws AttesterError `ERR_ATTESTER_SIMULATOR_ANSWER`
 */
export function fieldsOf(json: unknown): ReadonlyMap<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw badAnswer('not a JSON object');
  }
  return new Map(Object.entries(json));
}

async function exchange(
  socketPath: string,
  { method, path, body, signal }: SimulatorRequest,
): Promise<{ status: number; body: Uint8Array }> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath,
      method,
      path,
      headers: { 'content-type': 'application/json', connection: 'close' },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const fail = (error: unknown): void => {
      outgoing.destroy();
      reject(error instanceof AttesterError ? error : unreachable(socketPath, error));
    };
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      readBody(incoming).then((content) => {
        resolve({ status: incoming.statusCode ?? 0, body: content });
      }, fail);
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Sound: an IncomingMessage without an encoding yields Buffers.
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw badAnswer(`more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body));
  } catch (cause) {
    throw badAnswer('not JSON', cause);
  }
}

function refusalText(json: unknown): string {
  const fields = fieldsOf(json);
  const [code, error] = [fields.get('code'), fields.get('error')];
  if (typeof code !== 'string' || typeof error !== 'string') {
    throw badAnswer('refusal without a code');
  }
  return `${code}: ${error}`;
}

function unreachable(socketPath: string, cause: unknown): AttesterError {
  return new AttesterError(
    'ERR_ATTESTER_SIMULATOR_UNREACHABLE',
    `nothing answers on ${socketPath} (${errnoOf(cause) ?? 'no system error'})`,
    { hint: 'start the simulated platform, or check that both use the same run_dir', cause },
  );
}
