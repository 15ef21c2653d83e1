// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@proofgate/daemon';
import { canConnect } from '../../system/support/can-connect.ts';
import { freePort } from '../../system/support/free-port.ts';

/** An nginx of this machine, with another parser than ours. */
export interface Nginx {
  readonly port: number;
  /** `status method target` of everything that it has answered, refusals included. */
  answered(): Promise<string[]>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;

/** Lenient where it can be, so that whatever passes the proxy shows; content is read whole before it is passed on. */
const configuration = (port: number, recorderPort: number): string => `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log error.log info;
events { worker_connections 512; }
http {
  log_format seen escape=none '$status $request_method $request_uri';
  access_log access.log seen;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  client_header_buffer_size 64k;
  large_client_header_buffers 8 64k;
  ignore_invalid_headers off;
  underscores_in_headers on;
  merge_slashes off;
  keepalive_requests 100000;
  keepalive_timeout 600s;
  server {
    listen 127.0.0.1:${String(port)};
    location / {
      proxy_pass http://127.0.0.1:${String(recorderPort)};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
}
`;

/** Starts one in front of a recorder, which then sees what nginx made of each request. */
export async function startNginx(recorderPort: number): Promise<Nginx> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-nginx-'));
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  await writeFile(file, configuration(port, recorderPort));
  const child = spawn('nginx', ['-p', directory, '-c', file, '-e', join(directory, 'error.log')], {
    stdio: 'ignore',
  });
  await once(child, 'spawn');
  const log = (name: string): Promise<string> =>
    readFile(join(directory, name), 'latin1').catch(() => '');
  try {
    await waitFor(() => canConnect(port), { timeoutMs: START_TIMEOUT_MS, what: 'nginx to listen' });
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`nginx did not start: ${await log('error.log')}`, { cause: error });
  }
  return {
    port,
    answered: async () => (await log('access.log')).split('\n').filter((line) => line !== ''),
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
