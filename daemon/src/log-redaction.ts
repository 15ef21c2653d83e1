// SPDX-License-Identifier: Apache-2.0
import { serializeError } from './log-error.ts';

/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

/** Objects inside objects: what is deeper is cut, so that a cycle or a foreign structure cannot grow a log line. */
export const MAX_LOG_DEPTH = 8;

const SECRET_NAMES: ReadonlySet<string> = new Set(['key', 'cookie', 'setcookie', 'auth', 'pin']);
const SECRET_ENDINGS: readonly string[] = [
  'authorization',
  'secret',
  'token',
  'password',
  'passphrase',
  'credential',
  'credentials',
  'privatekey',
  'apikey',
  'cakey',
  'signingkey',
];

/**
 * A copy of a log entry without its secrets: at every depth, what a field with a telling name holds is replaced, in
 * whatever case and with or without `-` and `_`. Errors become readable objects, byte arrays their length.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_LOG_DEPTH) return '[too deep]';
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (value instanceof Error) return redactFields(serializeError(value), depth);
  if (value instanceof Date || value instanceof URL) return value.toJSON();
  return redactFields(value, depth);
}

/** Whether a field's name says that it holds a secret. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[-_]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending));
}

/** The same for the fields of one object. */
export function redactFields(value: object, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const hidden = isSecretName(name) && inner !== undefined && inner !== null;
    copy[name] = hidden ? REDACTED : redact(inner, depth + 1);
  }
  return copy;
}
