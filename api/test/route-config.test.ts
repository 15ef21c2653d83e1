// SPDX-License-Identifier: Apache-2.0
import { testRules, withRoute } from './rule-cases.ts';

testRules([
  [
    'HTTP upstream',
    withRoute({}),
    withRoute({ upstream: '127.0.0.1:9000' }),
    /routes\.0\.upstream.*mode http/,
  ],
  [
    'TCP upstream',
    withRoute({ mode: 'tcp', upstream: '127.0.0.1:1' }),
    withRoute({ mode: 'tcp' }),
    /routes\.0\.upstream.*mode tcp/,
  ],
  [
    'socket upstream',
    withRoute({ upstream: 'unix:/run/a.sock' }),
    withRoute({ upstream: 'unix:a.sock' }),
    /routes\.0\.upstream/,
  ],
  [
    'host of a route',
    withRoute({}),
    withRoute({ hostname: 'manager.m1.example.com' }),
    /is already taken by platform\.hostname/,
  ],
  [
    'versions of HTTP',
    withRoute({ alpn: ['http/1.1'] }),
    withRoute({ alpn: ['http/1.0'] }),
    /routes\.0\.alpn\.0: mode http speaks h2 and http\/1\.1/,
  ],
  [
    'protocols of a TCP route',
    withRoute({ mode: 'tcp', upstream: 'a:1', alpn: ['imap', 'managesieve'] }),
    withRoute({ mode: 'tcp', upstream: 'a:1', alpn: ['imap', 'imap'] }),
    /routes\.0\.alpn\.1: imap appears twice/,
  ],
  [
    'PROXY protocol of a route',
    withRoute({ mode: 'tcp', upstream: 'a:1', proxy_protocol: 'v2' }),
    withRoute({ proxy_protocol: 'v2' }),
    /routes\.0\.proxy_protocol: mode http shares its connections/,
  ],
  [
    'evidence of a TCP route',
    withRoute({ attestation: 'session' }),
    withRoute({ mode: 'tcp', upstream: 'a:1', attestation: 'session' }),
    /routes\.0\.attestation: mode tcp has no endpoint/,
  ],
  [
    'a policy for clients that are asked',
    withRoute({ clients: 'required', client_policy: '/clients.json' }),
    withRoute({ clients: 'optional' }),
    /routes\.0\.clients: needs a client_policy/,
  ],
  [
    'a policy for clients as part of the file',
    withRoute({ clients: 'optional', client_policy: { version: 1, tee: 'tdx' } }),
    withRoute({ clients: 'none', client_policy: { version: 1, tee: 'tdx' } }),
    /routes\.0\.client_policy: judges nobody/,
  ],
  [
    'whether clients are asked',
    withRoute({ clients: 'none' }),
    withRoute({ clients: 'maybe' }),
    /routes\.0\.clients/,
  ],
  [
    'limit of a route',
    withRoute({ limits: { body_bytes: '1MiB' } }),
    withRoute({ limits: { connections: 1 } }),
    /limits: Unrecognized key/,
  ],
]);
