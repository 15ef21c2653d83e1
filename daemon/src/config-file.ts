// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { deepFreeze } from './deep-freeze.ts';
import { readBoundedFile } from './read-file.ts';
import { checkSchema } from './schema-problems.ts';
import { parseYaml } from './yaml-text.ts';

/** A file of a thousand containers has about this much; reading takes some microseconds a byte. */
export const MAX_CONFIG_BYTES = 262_144;

/**
 * Reads a YAML configuration strictly and once, from text to a deep-frozen typed value. All problems are told together.
 *
 * @param fileName as it appears in the problems
 * @throws ConfigError (`ERR_DAEMON_CONFIG_INVALID`) with the line, column and field of every problem
 */
export function loadYaml<T>(text: string, schema: z.ZodType<T>, fileName: string): T {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    const message = `is larger than ${String(MAX_CONFIG_BYTES)} bytes`;
    throw new ConfigError([{ file: fileName, line: 1, column: 1, path: '', message }]);
  }
  const yaml = parseYaml(text);
  const problems: ConfigProblem[] = yaml.problems.map(({ offset, ...rest }) => ({
    file: fileName,
    ...yaml.positionAt(offset),
    path: '',
    ...rest,
  }));
  if (!yaml.complete) throw new ConfigError(problems);
  const outcome = checkSchema(schema, yaml.value);
  if (outcome.kind === 'accepted' && problems.length === 0) return deepFreeze(outcome.value);
  const refused = outcome.kind === 'refused' ? outcome.problems : [];
  for (const { path, part, ...rest } of refused) {
    problems.push({
      file: fileName,
      ...yaml.position(path, part),
      path: fieldPath(path),
      ...rest,
    });
  }
  throw new ConfigError(problems);
}

/**
 * Reads a configuration file, see {@link loadYaml}.
 *
 * @throws DaemonError `ERR_DAEMON_FILE_MISSING`, `ERR_DAEMON_FILE_UNREADABLE`, `ERR_DAEMON_FILE_TOO_LARGE`; ConfigError
 */
export async function readConfigFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readBoundedFile(path, MAX_CONFIG_BYTES);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([
      { file: path, line: 1, column: 1, path: '', message: 'is not UTF-8 text' },
    ]);
  }
  return loadYaml(text, schema, path);
}

function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${String(step)}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}
