// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { assertPrivateFile, DaemonError, readBoundedFile } from '@proofgate/daemon';
import { decodePem, EvidenceError, fromUtf8 } from '@proofgate/evidence';

import { CliError } from '../errors.ts';

/** The largest thing a command reads is an attestation document or an event log of 4 MiB in base64. */
export const MAX_INPUT_BYTES: number = 8 * 1024 * 1024;

/**
 * Reads a file that was named on the command line; pipes will do.
 *
 * @throws CliError `ERR_CLI_FILE` when it cannot be read or is larger than {@link MAX_INPUT_BYTES}
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    // A plain array: the slices of a Buffer share its memory, which no parser expects.
    return new Uint8Array(await readBoundedFile(path, MAX_INPUT_BYTES));
  } catch (cause) {
    throw unusable(cause);
  }
}

/**
 * Reads a UTF-8 text file that was named on the command line.
 *
 * @throws CliError `ERR_CLI_FILE`
 */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new CliError('ERR_CLI_FILE', `${path} is not UTF-8 text`, { cause });
  }
}

/**
 * Reads a text file with a secret. A pipe will do, as shells make one for `<(command)`: nothing of it stays on a disk.
 *
 * @throws CliError `ERR_CLI_FILE`; DaemonError `ERR_DAEMON_FILE_NOT_PRIVATE` when others could read or replace it
 */
export async function readSecret(path: string): Promise<string> {
  const text = await readText(path);
  if (!(await stat(path)).isFIFO()) await assertPrivateFile(path);
  return text;
}

/**
 * Reads the certificates of a PEM file as DER, at least one.
 *
 * @throws CliError `ERR_CLI_FILE`, also when there is none
 */
export async function readCertificates(path: string): Promise<[Uint8Array, ...Uint8Array[]]> {
  const text = await readText(path);
  try {
    // Sound: decodePem returns at least one block or throws.
    return decodePem(text, 'CERTIFICATE') as [Uint8Array, ...Uint8Array[]];
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new CliError('ERR_CLI_FILE', `${path} holds no readable certificate`, {
      expected: 'PEM blocks of BEGIN CERTIFICATE',
      cause,
    });
  }
}

/** A file that the user named and that cannot be read is a wrong argument, whatever it is to a daemon. */
export function unusable(cause: unknown): unknown {
  if (!(cause instanceof DaemonError) || !cause.code.startsWith('ERR_DAEMON_FILE_')) return cause;
  const { message, expected, seen } = cause;
  return new CliError('ERR_CLI_FILE', message, {
    cause,
    ...(expected === undefined ? {} : { expected }),
    ...(seen === undefined ? {} : { seen }),
  });
}
