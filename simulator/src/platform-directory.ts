// SPDX-License-Identifier: Apache-2.0
import { equalBytes, fromBase64, parseCertificate, toBase64 } from '@proofgate/evidence';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SimulatorError } from './errors.ts';
import type { PlatformIdentity, PlatformKeys } from './platform-identity.ts';
import {
  createSimulatedPlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from './simulated-platform.ts';
import { exportSigningKey, importSigningKey, type SigningKey } from './signing-key.ts';

/** The file below the directory. One file, so that keys and root are always of the same platform. */
const FILE_NAME = 'simulated-platform.json';
/** The file's own version; a change of its fields gets a new one. */
const FILE_VERSION = 1;
/** A saved platform has 2 KB; anything much larger is something else. */
const MAX_FILE_BYTES = 64 * 1024;

const KEY_NAMES = ['root', 'pckCa', 'pck', 'tcbSigner', 'attestation'] as const;

/**
 * Saves a platform's keys and root, so that the root certificate named in policies survives a restart. The registers
 * are not saved: a restart is the reboot of a TD.
 *
 * @param platform - the platform
 * @param directory - made with mode 0700 if absent; the file in it has mode 0600
 */
export async function saveSimulatedPlatform(
  platform: SimulatedPlatform,
  directory: string,
): Promise<void> {
  const { madeAt, fmspc, keys } = platform.identity;
  const content = {
    version: FILE_VERSION,
    madeAt: madeAt.toISOString(),
    fmspc,
    rootCertificate: toBase64(platform.rootCertificate),
    keys: Object.fromEntries(KEY_NAMES.map((name) => [name, exportSigningKey(keys[name])])),
  };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(join(directory, FILE_NAME), `${JSON.stringify(content, undefined, 2)}\n`);
}

/**
 * Loads what {@link saveSimulatedPlatform} saved.
 *
 * @param directory - where
 * @param options - everything that is not saved
 * @returns the platform, its registers as after a boot; `undefined` when none was saved
 * @throws SimulatorError `ERR_SIMULATOR_STATE`, `ERR_SIMULATOR_STATE_EXPOSED`
 */
export async function loadSimulatedPlatform(
  directory: string,
  options: Omit<SimulatedPlatformOptions, 'identity' | 'at' | 'fmspc'> = {},
): Promise<SimulatedPlatform | undefined> {
  const path = join(directory, FILE_NAME);
  const text = await readPrivateFile(path);
  if (text === undefined) return undefined;
  let identity: PlatformIdentity;
  try {
    identity = parseIdentity(JSON.parse(text));
  } catch (cause) {
    throw new SimulatorError('ERR_SIMULATOR_STATE', `${path} is not a saved simulated platform`, {
      hint: 'remove the file; the next start makes a new platform with a new root',
      cause,
    });
  }
  return createSimulatedPlatform({ ...options, identity });
}

async function readPrivateFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  if ((found.mode & 0o077) !== 0) {
    throw new SimulatorError('ERR_SIMULATOR_STATE_EXPOSED', `${path} is accessible to others`, {
      expected: 'mode 0600',
      seen: `mode 0${(found.mode & 0o777).toString(8)}`,
      hint: `chmod 600 ${path}, or remove it if somebody may have read it`,
    });
  }
  if (found.size > MAX_FILE_BYTES) {
    throw new SimulatorError('ERR_SIMULATOR_STATE', `${path} has ${found.size} bytes`, {
      expected: `at most ${MAX_FILE_BYTES} bytes`,
    });
  }
  return readFile(path, 'utf8');
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function parseIdentity(json: unknown): PlatformIdentity {
  const fields = exactFields(json, ['version', 'madeAt', 'fmspc', 'rootCertificate', 'keys']);
  if (fields['version'] !== FILE_VERSION) throw new Error('field version is unknown');
  const madeAt = new Date(text(fields, 'madeAt'));
  if (Number.isNaN(madeAt.getTime())) throw new Error('field madeAt is not a time');
  const fmspc = text(fields, 'fmspc');
  if (!/^[0-9a-f]{12}$/.test(fmspc)) throw new Error('field fmspc is not 6 bytes of hex');
  const pems = exactFields(fields['keys'], KEY_NAMES);
  const key = (name: keyof PlatformKeys): SigningKey => importSigningKey(text(pems, name));
  const rootCertificate = fromBase64(text(fields, 'rootCertificate'));
  if (!equalBytes(parseCertificate(rootCertificate).spki, key('root').spki)) {
    throw new Error('field rootCertificate does not belong to the root key');
  }
  return {
    madeAt,
    fmspc,
    rootCertificate,
    keys: {
      root: key('root'),
      pckCa: key('pckCa'),
      pck: key('pck'),
      tcbSigner: key('tcbSigner'),
      attestation: key('attestation'),
    },
  };
}

function exactFields(json: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) throw new Error('not an object');
  const entries = Object.entries(json);
  if (entries.length !== names.length || !names.every((name) => Object.hasOwn(json, name))) {
    throw new Error(`not exactly the fields ${names.join(', ')}`);
  }
  return Object.fromEntries(entries);
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Error(`field ${name} is not text`);
  return value;
}
