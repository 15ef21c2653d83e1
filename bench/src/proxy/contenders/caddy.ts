// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../processes/server-process.ts';
import type { TargetProcess } from '../../processes/target-process.ts';
import { GRPC_PREFIX, UPSTREAM_CONNECTIONS, WEBSOCKET_PATH, type Setting } from './contender.ts';

/** Caddy, which Go keeps on one core. */
export async function startCaddy(setting: Setting): Promise<TargetProcess> {
  const { directory, port, cpu } = setting;
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'caddy.json');
  await writeFile(file, JSON.stringify(configuration(setting)));
  return startServer({
    command: ['caddy', 'run', '--config', file],
    port,
    cpu,
    env: { GOMAXPROCS: '1', HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  });
}

function configuration({ port, certificate, key, upstreams }: Setting): object {
  const keepAlive = { keep_alive: { max_idle_conns_per_host: UPSTREAM_CONNECTIONS } };
  const server = {
    listen: [`127.0.0.1:${String(port)}`],
    protocols: ['h1', 'h2'],
    automatic_https: { disable: true },
    tls_connection_policies: [{ protocol_min: 'tls1.3' }],
    routes: [
      route(upstreams.webSocket, keepAlive, [WEBSOCKET_PATH]),
      route(upstreams.grpc, { versions: ['h2c', '2'] }, [`${GRPC_PREFIX}*`]),
      route(upstreams.web, keepAlive),
    ],
  };
  return {
    admin: { disabled: true },
    logging: { logs: { default: { level: 'ERROR' } } },
    apps: {
      http: { servers: { bench: server } },
      tls: {
        certificates: { load_files: [{ certificate, key }] },
        session_tickets: { disabled: true },
      },
    },
  };
}

function route(port: number, transport: object, path?: readonly string[]): object {
  const proxy = {
    handler: 'reverse_proxy',
    transport: { protocol: 'http', ...transport },
    upstreams: [{ dial: `127.0.0.1:${String(port)}` }],
  };
  return { ...(path === undefined ? {} : { match: [{ path }] }), handle: [proxy], terminal: true };
}
