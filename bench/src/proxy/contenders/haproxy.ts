// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../processes/server-process.ts';
import type { TargetProcess } from '../../processes/target-process.ts';
import { GRPC_PREFIX, MAX_CONNECTIONS, WEBSOCKET_PATH, type Setting } from './contender.ts';

/** haproxy, one thread. */
export async function startHaproxy(setting: Setting): Promise<TargetProcess> {
  const { directory, port, cpu, bundle, upstreams } = setting;
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  nbthread 1
  maxconn ${String(MAX_CONNECTIONS)}
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
defaults
  mode http
  http-reuse always
  option forwardfor
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout tunnel 600s
  timeout http-keep-alive 600s
frontend tls
  bind 127.0.0.1:${String(port)} ssl crt ${bundle} alpn h2,http/1.1 backlog 4096
  use_backend websocket if { path ${WEBSOCKET_PATH} }
  use_backend grpc if { path_beg ${GRPC_PREFIX} }
  default_backend web
backend web
  server web 127.0.0.1:${String(upstreams.web)}
backend websocket
  server websocket 127.0.0.1:${String(upstreams.webSocket)}
backend grpc
  server grpc 127.0.0.1:${String(upstreams.grpc)} proto h2
`,
  );
  return startServer({ command: ['haproxy', '-db', '-f', file], port, cpu });
}
