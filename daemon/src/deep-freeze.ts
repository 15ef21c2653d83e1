// SPDX-License-Identifier: Apache-2.0

/** Freezes a value and every object inside it. Byte arrays stay as they are: the language cannot freeze them. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
