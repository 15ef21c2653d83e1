// SPDX-License-Identifier: Apache-2.0
import { isDigest } from '../digest.ts';
import { mismatch, refused } from '../image-refusal.ts';
import { asObject, parseDocument, type JsonObject } from './json-object.ts';
import type { ImageConfig } from '../verified-image.ts';

/** Arguments, variables, labels or volumes: more than a kernel or a person can use well. */
const MAX_ITEMS = 1_024;
/** One of them: Linux refuses longer arguments (execve(2), MAX_ARG_STRLEN). */
const MAX_TEXT_LENGTH = 131_071;

const DOCUMENT_FIELDS = ['os', 'architecture', 'config', 'rootfs'] as const;
const RUN_FIELDS = [
  'Entrypoint',
  'Cmd',
  'Env',
  'User',
  'WorkingDir',
  'StopSignal',
  'Labels',
  'Volumes',
] as const;

/** A configuration as far as the launcher uses it. */
export interface ImageConfigDocument {
  readonly config: ImageConfig;
  /** Digests of the unpacked layers, bottom first. */
  readonly diffIds: readonly string[];
}

/**
 * Reads the configuration of an image, whose bytes the caller has verified (OCI image-spec, config.md).
 *
 * @param bytes - the document
 * @param expected - what the manifest and this machine say about it
 * @throws LauncherError ERR_LAUNCHER_IMAGE_REFUSED when it is malformed or for another machine;
 *   ERR_LAUNCHER_IMAGE_MISMATCH when it has another number of layers than the manifest
 */
export function parseImageConfig(
  bytes: Uint8Array,
  expected: { readonly layers: number; readonly architecture: string; readonly what: string },
): ImageConfigDocument {
  const what = `configuration of ${expected.what}`;
  const document = asObject(parseDocument(bytes, what), what, DOCUMENT_FIELDS);
  const platform = `${String(document['os'])}/${String(document['architecture'])}`;
  if (platform !== `linux/${expected.architecture}`) {
    throw refused(`${expected.what} is not for this machine`, {
      expected: `linux/${expected.architecture}`,
      seen: platform.slice(0, 100),
    });
  }
  const diffIds = readDiffIds(document['rootfs'], what);
  if (diffIds.length !== expected.layers) {
    throw mismatch(`${what} has another number of layers than the manifest`, {
      expected: String(expected.layers),
      seen: String(diffIds.length),
    });
  }
  const run = asObject(document['config'] ?? {}, `config of ${what}`, RUN_FIELDS);
  return { config: readRun(run, what), diffIds };
}

function readDiffIds(value: unknown, what: string): readonly string[] {
  const { type, diff_ids: diffIds } = asObject(value, `rootfs of ${what}`, ['type', 'diff_ids']);
  if (type !== 'layers' || !Array.isArray(diffIds) || !diffIds.every(isDigest)) {
    throw refused(`rootfs of ${what} is not made of layers`, {
      expected: 'type layers, and diff_ids with SHA-256',
      seen: JSON.stringify({ type, diffIds }).slice(0, 200),
    });
  }
  return diffIds;
}

function readRun(run: JsonObject, what: string): ImageConfig {
  const stopSignal = readText(run, 'StopSignal', what);
  return {
    entrypoint: readList(run, 'Entrypoint', what),
    cmd: readList(run, 'Cmd', what),
    env: readList(run, 'Env', what),
    user: readText(run, 'User', what),
    workingDir: readText(run, 'WorkingDir', what),
    stopSignal: stopSignal === '' ? undefined : stopSignal,
    labels: readLabels(run, what),
    volumes: Object.keys(readMap(run, 'Volumes', what)),
  };
}

function readText(run: JsonObject, field: string, what: string): string {
  const value = run[field] ?? '';
  if (isText(value)) return value;
  throw unreadable(what, field, 'text');
}

function readList(run: JsonObject, field: string, what: string): readonly string[] {
  const value = run[field] ?? [];
  if (Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isText)) return value;
  throw unreadable(what, field, `a list of up to ${String(MAX_ITEMS)} texts`);
}

function readLabels(run: JsonObject, what: string): Readonly<Record<string, string>> {
  const labels: [string, string][] = [];
  for (const [name, value] of Object.entries(readMap(run, 'Labels', what))) {
    if (!isText(value)) throw unreadable(what, 'Labels', 'texts by name');
    labels.push([name, value]);
  }
  return Object.fromEntries(labels);
}

function readMap(run: JsonObject, field: string, what: string): JsonObject {
  const value = asObject(run[field] ?? {}, `${field} of ${what}`, []);
  const names = Object.keys(value);
  if (names.length <= MAX_ITEMS && names.every(isText)) return value;
  throw unreadable(what, field, `up to ${String(MAX_ITEMS)} entries`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH && !value.includes('\0');
}

function unreadable(what: string, field: string, expected: string): Error {
  return refused(`${field} of ${what} cannot be read`, { expected, seen: 'something else' });
}
