// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../processes/server-process.ts';
import type { TargetProcess } from '../../processes/target-process.ts';
import {
  GRPC_PREFIX,
  MAX_CONNECTIONS,
  UPSTREAM_CONNECTIONS,
  WEBSOCKET_PATH,
  type Setting,
} from './contender.ts';

const front = ({ port, certificate, key, upstreams }: Setting): string => `
  upstream web { server 127.0.0.1:${String(upstreams.web)}; keepalive ${String(UPSTREAM_CONNECTIONS)}; keepalive_requests 1000000000; }
  upstream grpc { server 127.0.0.1:${String(upstreams.grpc)}; keepalive ${String(UPSTREAM_CONNECTIONS)}; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${String(port)} ssl http2 backlog=4096;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    ssl_session_tickets off;
    ssl_session_cache off;
    proxy_http_version 1.1;
    location / {
      proxy_pass http://web;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }
    location ${WEBSOCKET_PATH} {
      proxy_pass http://127.0.0.1:${String(upstreams.webSocket)};
      proxy_set_header Connection Upgrade;
      proxy_set_header Upgrade $http_upgrade;
    }
    location ${GRPC_PREFIX} { grpc_pass grpc://grpc; }
  }`;

/** nginx as the proxy. */
export function startNginx(setting: Setting): Promise<TargetProcess> {
  return startWith(front(setting), setting);
}

/** What the static server needs. */
export type StaticSetting = Pick<Setting, 'directory' | 'port' | 'cpu'> & {
  /** Port for HTTP/2 without TLS. */
  readonly grpcPort: number;
  /** Folder with what is served. */
  readonly files: string;
};

/** nginx as what is behind all proxies: files, and a gRPC call that always has the same answer. */
export function startStaticServer(setting: StaticSetting): Promise<TargetProcess> {
  const { port, grpcPort, files } = setting;
  const servers = `
  sendfile on;
  tcp_nopush on;
  open_file_cache max=100 inactive=1h;
  root ${files};
  default_type text/plain;
  server { listen 127.0.0.1:${String(port)} backlog=4096; }
  server {
    listen 127.0.0.1:${String(grpcPort)} http2 backlog=4096;
    location ${GRPC_PREFIX} {
      default_type application/grpc;
      error_page 405 =200 $uri;
      add_trailer grpc-status 0 always;
    }
  }`;
  return startWith(servers, setting);
}

async function startWith(
  servers: string,
  { directory, port, cpu }: Pick<Setting, 'directory' | 'port' | 'cpu'>,
): Promise<TargetProcess> {
  await mkdir(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${kind};`)
    .join('\n');
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile ${String(2 * MAX_CONNECTIONS)};
pid nginx.pid;
error_log stderr error;
events { worker_connections ${String(MAX_CONNECTIONS)}; }
http {
  access_log off;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
${temporary}${servers}
}
`,
  );
  return startServer({
    command: ['nginx', '-p', directory, '-c', file, '-e', 'stderr'],
    port,
    cpu,
  });
}
