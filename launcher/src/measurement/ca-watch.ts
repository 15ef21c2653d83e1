// SPDX-License-Identifier: Apache-2.0
import { assertPrivateFile, readBoundedFile, type Logger } from '@proofgate/daemon';
import { equalBytes, fromUtf8, sha256, toHex } from '@proofgate/evidence';
import { pause } from '../supervision/pause.ts';

/** What watching the files of the intermediary takes. */
export interface CaWatchOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** The CA file in force. */
  readonly present: () => Uint8Array;
  /** Puts another one in force. */
  readonly replace: (certificatePem: string, keyPem: string) => Promise<unknown>;
  readonly logger: Logger;
  /** Time between two looks, in milliseconds. */
  readonly everyMs?: number;
}

/** A rotation is an event of months, and a look reads one small file. */
const LOOK_EVERY_MS = 2_000;

/** As for the files of the platform. */
const MAX_CA_BYTES = 256 * 1024;

/**
 * Looks for another intermediary in the files of the present one: an operator has rotated it, or it was renewed. One
 * that is refused is reported once, and the present one stays.
 *
 * @param options - files, what is in force, what to do
 * @param signal - ends it
 */
export async function watchCa(options: CaWatchOptions, signal: AbortSignal): Promise<void> {
  const { certFile, keyFile, present, replace, logger, everyMs = LOOK_EVERY_MS } = options;
  let refused = '';
  while (!signal.aborted) {
    await pause(everyMs, signal);
    const found = await readBoundedFile(certFile, MAX_CA_BYTES).catch(() => undefined);
    if (signal.aborted || found === undefined || equalBytes(found, present())) continue;
    const key = await readKey(keyFile).catch((error: unknown) => error);
    const attempt = `${toHex(sha256(found))} ${key instanceof Uint8Array ? toHex(sha256(key)) : ''}`;
    // Certificate and key may be written one after the other: another key is another attempt.
    if (attempt === refused) continue;
    try {
      if (!(key instanceof Uint8Array)) throw key;
      await replace(fromUtf8(found), fromUtf8(key));
      logger.info({ file: certFile }, 'another intermediary is in force');
    } catch (error) {
      logger.error({ err: error, file: certFile }, 'the new intermediary is refused');
      refused = attempt;
    }
  }
}

async function readKey(path: string): Promise<Uint8Array> {
  await assertPrivateFile(path);
  return readBoundedFile(path, MAX_CA_BYTES);
}
