// SPDX-License-Identifier: Apache-2.0
import { gatewayStateSchema, type GatewayHost, type GatewayState } from '@proofgate/api';
import { serveUnixHttp, type UnixResponse } from '@proofgate/daemon';
import { onTestFinished } from 'vitest';
import { silentLogger } from './fixtures.ts';

/** The state side of a proxy's admin socket: strict about what it is given, and forgetful when restarted. */
export interface FakeProxy {
  /** Every state that was accepted, oldest first. */
  readonly states: readonly GatewayState[];
  /** Status to answer PUT with instead of applying the state; 0 applies it. */
  refuseWith: number;
  /** How often a state was refused that way. */
  refusals: number;
  /** Whether hosts go on being served by what is retiring, as while no certificate can be made. */
  staysWithRetiring: boolean;
  /** As a restart without its file. */
  forget(): void;
  close(): Promise<void>;
}

/** Serves the proxy's part of `PUT /v1/state` and `GET /v1/state` on a unix socket. */
export async function fakeProxy(socketPath: string): Promise<FakeProxy> {
  const states: GatewayState[] = [];
  let current: GatewayState | undefined;
  /** Where each host is served. */
  const upstreams = new Map<string, string>();
  const isWithFormer = ({ hostname, retiring }: GatewayHost): boolean =>
    retiring !== undefined && upstreams.get(hostname) === retiring;
  const put = (body: unknown): UnixResponse => {
    const state = gatewayStateSchema.parse(body);
    if (current?.bootId === state.bootId && state.revision <= current.revision) {
      return { status: 409, body: { error: 'stale revision', code: 'ERR_PROXY_STATE_STALE' } };
    }
    current = state;
    states.push(state);
    for (const host of state.hosts) {
      const stays = proxy.staysWithRetiring && isWithFormer(host);
      if (!stays) upstreams.set(host.hostname, host.upstream);
    }
    return { status: 200, body: { revision: state.revision, applied: true } };
  };
  const proxy: FakeProxy = {
    states,
    refuseWith: 0,
    refusals: 0,
    staysWithRetiring: false,
    forget: () => {
      current = undefined;
    },
    close: () => server.close(),
  };
  const server = await serveUnixHttp({
    path: socketPath,
    logger: silentLogger,
    maxBody: 16 * 1024 * 1024,
    handler: (request) => {
      if (request.path !== '/v1/state') return { status: 404, body: {} };
      if (request.method === 'PUT') {
        if (proxy.refuseWith === 0) return put(request.json());
        proxy.refusals += 1;
        return { status: proxy.refuseWith };
      }
      const { revision, bootId, hosts = [] } = current ?? {};
      const served = hosts.filter((host) => proxy.staysWithRetiring && isWithFormer(host));
      const retiring = served.map(({ hostname }) => hostname);
      return {
        status: 200,
        body: {
          ...{ revision, bootId, hosts: hosts.map(({ hostname }) => hostname) },
          ...(retiring.length === 0 ? {} : { retiring }),
        },
      };
    },
  });
  onTestFinished(() => server.close());
  return proxy;
}
