// SPDX-License-Identifier: Apache-2.0
import type { Dispatcher } from 'undici';

/** The event of a request that is about to be written, in undici's interface of today and in the one before it. */
const START: ReadonlySet<string | symbol> = new Set(['onRequestStart', 'onConnect']);

/**
 * Wraps a handler so that the context it gets when its request is written can be changed. Everything else passes
 * through untouched: handlers of both interfaces are in use, the global `fetch` of Node 20 has the older one.
 */
export function interceptStart(
  handler: Dispatcher.DispatchHandler,
  change: (context: object) => object,
): Dispatcher.DispatchHandler {
  return new Proxy(handler, {
    get: (target, name): unknown => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]): unknown => {
        const [control, context] = args;
        if (!START.has(name)) return Reflect.apply(member, target, args);
        const given = typeof context === 'object' && context !== null ? context : {};
        return Reflect.apply(member, target, [control, change(given)]);
      };
    },
  });
}
