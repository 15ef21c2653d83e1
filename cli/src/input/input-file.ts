// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { decodePem, fromUtf8 } from '@proofgate/evidence';

import { CliError } from './errors.ts';

/** The largest thing a command reads is an attestation document or an event log of 4 MiB in base64. */
export const MAX_INPUT_BYTES: number = 8 * 1024 * 1024;

/**
 * Reads a file that was named on the command line.
 *
 * @throws CliError `ERR_CLI_FILE` when it cannot be read or is larger than {@link MAX_INPUT_BYTES}
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > MAX_INPUT_BYTES) {
        throw new CliError('ERR_CLI_FILE', `${path} is too large`, {
          expected: `up to ${String(MAX_INPUT_BYTES)} bytes`,
          seen: `${String(size)} bytes`,
        });
      }
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('ERR_CLI_FILE', `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

/** Reads a UTF-8 text file that was named on the command line; errors as {@link readBytes}. */
export async function readText(path: string): Promise<string> {
  return fromUtf8(await readBytes(path));
}

/**
 * Reads the certificates of a PEM file as DER, at least one; errors as {@link readBytes}.
 *
 * @throws CliError `ERR_CLI_FILE` when there is none
 */
export async function readCertificates(path: string): Promise<[Uint8Array, ...Uint8Array[]]> {
  const [first, ...rest] = decodePem(await readText(path), 'CERTIFICATE');
  if (first === undefined) {
    throw new CliError('ERR_CLI_FILE', `${path} holds no certificate`, {
      expected: 'PEM blocks of BEGIN CERTIFICATE',
    });
  }
  return [first, ...rest];
}

/** Reads a JSON file that was named on the command line; errors as {@link readBytes}. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path)) as unknown;
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('ERR_CLI_FILE', `${path} is not JSON: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
