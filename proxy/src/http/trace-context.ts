// SPDX-License-Identifier: Apache-2.0

/** W3C Trace Context, section 3.2.2: version, trace-id, parent-id, flags; later versions may add more. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/**
 * The trace that a request belongs to, for the log. The proxy makes no spans, and passes `traceparent` and `tracestate` on
 * as they are, right or wrong.
 *
 * @param values of the `traceparent` fields
 * @returns 32 hex digits; `undefined` unless there is one field and it can be read
 */
export function traceIdOf(values: readonly string[]): string | undefined {
  const [value] = values;
  if (value === undefined || values.length > 1) return undefined;
  const [, version, traceId, more] = TRACEPARENT.exec(value) ?? [];
  return version === '00' && more !== undefined ? undefined : traceId;
}
