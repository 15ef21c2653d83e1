// SPDX-License-Identifier: Apache-2.0
import { fromHex, fromUtf8 } from '@proofgate/evidence';
import { SimulatorError } from '../errors.ts';

/**
 * Reads a JSON object that has exactly the expected fields.
 *
 * @param body - the request body
 * @param names - the fields, all required, no others allowed
 * @returns the fields, still unknown
 * @throws SimulatorError `ERR_SIMULATOR_REQUEST`
 */
export function readFields(
  body: Uint8Array,
  names: readonly string[],
): ReadonlyMap<string, unknown> {
  const fields = new Map(Object.entries(parseObject(body)));
  if (fields.size === names.length && names.every((name) => fields.has(name))) return fields;
  throw malformed(`body has not exactly the fields ${names.join(', ')}`);
}

/**
 * Takes a field of a fixed number of bytes, written in hex.
 *
 * @param fields - what {@link readFields} returned
 * @param name - the field
 * @param length - bytes
 * @returns the bytes
 * @throws SimulatorError `ERR_SIMULATOR_REQUEST`
 */
export function hexField(
  fields: ReadonlyMap<string, unknown>,
  name: string,
  length: number,
): Uint8Array {
  const value = fields.get(name);
  if (typeof value !== 'string' || value.length !== 2 * length || !/^[0-9a-f]*$/i.test(value)) {
    throw malformed(`field ${name} is not ${length} bytes of hex`);
  }
  return fromHex(value);
}

/**
 * The refusal of a malformed request.
 *
 * @param message - what is wrong
 * @returns the error to throw
 */
export function malformed(message: string): SimulatorError {
  return new SimulatorError('ERR_SIMULATOR_REQUEST', message);
}

function parseObject(body: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(body));
  } catch {
    throw malformed('body is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw malformed('body is not a JSON object');
}
