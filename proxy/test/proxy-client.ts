// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect } from 'node:tls';
import { parseCertificate, type Certificate } from '@proofgate/evidence';
import type { RunningProxy } from '../src/index.ts';
import { ask, target, type Answer } from './https-client.ts';

/** A request that judges the chain by a root. */
export function askVerified(
  proxy: RunningProxy,
  root: string,
  hostname: string,
  path = '/',
): Promise<Answer> {
  const { port } = proxy.address;
  return ask(target(port, hostname, { path, ca: root, rejectUnauthorized: true }));
}

/** The leaf that a host presents, its chain judged by a root. */
export async function leafOf(
  proxy: RunningProxy,
  root: string,
  servername: string,
): Promise<Certificate> {
  const { port } = proxy.address;
  const socket = connect({ host: '127.0.0.1', port, servername, ca: root });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return parseCertificate(raw);
}

/** Whether a name is refused before there is a certificate; the empty name sends none. */
export async function isRefused(proxy: RunningProxy, servername: string): Promise<boolean> {
  const { port } = proxy.address;
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
  const error = await new Promise<(Error & { code?: string }) | undefined>((resolve) => {
    socket.once('error', resolve);
    socket.once('secureConnect', () => resolve(undefined));
  });
  socket.destroy();
  return error?.code === 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME';
}
