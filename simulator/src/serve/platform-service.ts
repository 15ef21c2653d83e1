// SPDX-License-Identifier: Apache-2.0
import { toBase64, toHex } from '@proofgate/evidence';
import { SimulatorError } from '../errors.ts';
import type { GuestRegister } from '../rtmr-bank.ts';
import type { SimulatedPlatform } from '../simulated-platform.ts';
import {
  closeService,
  createService,
  jsonAnswer,
  type RunningService,
  type ServiceLogger,
} from './http-service.ts';
import { hexField, readFields } from './request-fields.ts';
import { routed, type Routes } from './routes.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

/** What is served, and where. */
export interface ServePlatformOptions {
  readonly platform: SimulatedPlatform;
  /** Path of the unix socket; it will have mode 0600. */
  readonly socketPath: string;
  readonly logger?: ServiceLogger;
}

/**
 * Offers a simulated platform to the processes of one user: HTTP/1.1 with JSON over a unix socket.
 *
 * | request | answer |
 * |---|---|
 * | `POST /v1/quote {"reportData": hex, 64 bytes}` | `{"quote": base64}` |
 * | `POST /v1/rtmr {"index": 2 or 3, "digest": hex, 48 bytes}` | status 204 |
 * | `GET /v1/measurements` | `{"mrtd": hex, "rtmr": [hex ×4], "rootSha256": hex}` |
 * | `POST /v1/sealing-key {"context": text}` | `{"key": hex, 32 bytes}` |
 * | `GET /v1/collateral` | the collateral bundle |
 *
 * A refusal has a 4xx status and `{"error": text, "code": CODE}`.
 *
 * @param options - the platform and the socket
 * @returns the running service
 * @throws SimulatorError `ERR_SIMULATOR_SOCKET_IN_USE`, `ERR_SIMULATOR_SOCKET_PATH`, `ERR_SIMULATOR_LISTEN`
 */
export async function servePlatform(options: ServePlatformOptions): Promise<RunningService> {
  const server = createService(routed(platformRoutes(options.platform)), options.logger);
  await listenOnUnixSocket(server, options.socketPath);
  return { close: () => closeService(server) };
}

function platformRoutes(platform: SimulatedPlatform): Routes {
  return {
    '/v1/quote': {
      POST: [
        [],
        async (_query, body) => {
          const fields = readFields(body, ['reportData']);
          const quote = await platform.quote(hexField(fields, 'reportData', 64));
          return jsonAnswer({ quote: toBase64(quote) });
        },
      ],
    },
    '/v1/rtmr': {
      POST: [
        [],
        async (_query, body) => {
          const fields = readFields(body, ['index', 'digest']);
          await platform.extend(guestRegister(fields.get('index')), hexField(fields, 'digest', 48));
          return { status: 204 };
        },
      ],
    },
    '/v1/measurements': {
      GET: [
        [],
        () => {
          const { mrtd, rtmr } = platform.measurements();
          const { rootSha256 } = platform;
          return jsonAnswer({ mrtd: toHex(mrtd), rtmr: rtmr.map(toHex), rootSha256 });
        },
      ],
    },
    '/v1/sealing-key': {
      POST: [
        [],
        (_query, body) => {
          const fields = readFields(body, ['context']);
          return jsonAnswer({ key: toHex(platform.sealingKey(contextField(fields))) });
        },
      ],
    },
    '/v1/collateral': { GET: [[], () => jsonAnswer(platform.collateral())] },
  };
}

/** A name, not a document. */
const MAX_CONTEXT_CHARACTERS = 256;

function contextField(fields: ReadonlyMap<string, unknown>): string {
  const context = fields.get('context');
  const length = typeof context === 'string' ? context.length : 0;
  if (typeof context === 'string' && length > 0 && length <= MAX_CONTEXT_CHARACTERS) return context;
  throw new SimulatorError('ERR_SIMULATOR_OPTION', 'field context is not a name', {
    expected: `1 to ${String(MAX_CONTEXT_CHARACTERS)} characters`,
  });
}

function guestRegister(index: unknown): GuestRegister {
  if (index === 2 || index === 3) return index;
  throw new SimulatorError(
    'ERR_SIMULATOR_REGISTER',
    'field index names no register that a guest can extend',
    { expected: '2 or 3' },
  );
}
