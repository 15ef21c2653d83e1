// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { VerifierError } from '@proofgate/verifier';
import type { ConnectOptions } from '../../connect-tls.ts';

/** Scheme and authority of a gRPC target, as grpc-js writes them for the real target behind a proxy. */
const SCHEME = /^[A-Za-z0-9+.-]+:(?:\/\/[^/]*\/)?/;
const HTTPS_PORT = 443;

/**
 * The host that a channel is meant for, whose name the certificate must have.
 *
 * @throws VerifierError `ERR_VERIFIER_ARGUMENT` for targets that are not a host
 */
export function targetOfChannel(
  { path }: experimental.GrpcUri,
  options: ChannelOptions,
): ConnectOptions {
  const behindProxy = options['grpc.http_connect_target'];
  const text = behindProxy === undefined ? path : behindProxy.replace(SCHEME, '');
  const address = experimental.splitHostPort(text);
  if (address === null) {
    throw new VerifierError(
      'ERR_VERIFIER_ARGUMENT',
      'the channel’s target is not a host',
      {
        expected: 'host:port',
        seen: text,
      },
      'misuse',
    );
  }
  const name = options['grpc.ssl_target_name_override'] ?? address.host;
  return {
    host: address.host,
    port: address.port ?? HTTPS_PORT,
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
}
