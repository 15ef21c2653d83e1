// SPDX-License-Identifier: Apache-2.0
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { LayerCompression } from '../verified-image.ts';
import { GzipUnpacker } from './gzip-unpacker.ts';
import type { Unpacker } from './unpacker.ts';
import { ZstdDecoder } from './zstd/zstd-decoder.ts';

/** What the encoder uses without being told to search farther, and some; memory of twice this size is used. */
const MAX_ZSTD_WINDOW_BYTES = 64 * 1024 * 1024;

/** Unpacked in one go before others get their turn: some 3 ms of work. */
const ZSTD_TURN_BYTES = 256 * 1024;

/**
 * Makes the unpacker for a compression.
 *
 * @param consume - gets each piece, which is valid during the call alone
 */
export function unpackerFor(
  compression: LayerCompression,
  consume: (piece: Uint8Array) => void,
): Unpacker {
  switch (compression) {
    case 'none':
      return plain(consume);
    case 'gzip':
      return new GzipUnpacker(consume);
    case 'zstd':
      return zstd(consume);
  }
}

function plain(consume: (piece: Uint8Array) => void): Unpacker {
  return {
    write: (chunk) => {
      consume(chunk);
      return Promise.resolve();
    },
    finish: () => Promise.resolve(),
    close: () => undefined,
  };
}

function zstd(consume: (piece: Uint8Array) => void): Unpacker {
  const decoder = new ZstdDecoder({ maxWindowBytes: MAX_ZSTD_WINDOW_BYTES });
  return {
    write: async (chunk) => {
      let unpacked = 0;
      for (const piece of decoder.write(chunk)) {
        consume(piece);
        unpacked += piece.length;
        if (unpacked < ZSTD_TURN_BYTES) continue;
        unpacked = 0;
        await yieldToOthers();
      }
    },
    finish: () => {
      decoder.finish();
      return Promise.resolve();
    },
    close: () => undefined,
  };
}
