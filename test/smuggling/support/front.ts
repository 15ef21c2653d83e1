// SPDX-License-Identifier: Apache-2.0
import { startMachine, untilReady } from '../../../proxy/test/test-proxy.ts';
import { HOST, MAX_BODY_BYTES } from '../wire-case.ts';

/** A proxy with one worker, so that all requests share its upstream connections. */
export interface Front {
  readonly port: number;
  close(): Promise<void>;
}

/** Limits that cases go beyond. */
const LIMITS = { body_bytes: MAX_BODY_BYTES };

/** Starts the real thing, worker process and all, in front of an upstream on loopback. */
export async function startFront(upstreamPort: number): Promise<Front> {
  const machine = await startMachine();
  try {
    const upstream = `http://127.0.0.1:${String(upstreamPort)}`;
    const routes = [{ hostname: HOST, upstream }];
    const platform = { workers: 1, limits: LIMITS };
    const proxy = await machine.start(machine.config({ routes, platform }));
    await untilReady(proxy);
    return { port: proxy.address.port, close: () => machine.close() };
  } catch (error) {
    await machine.close();
    throw error;
  }
}
