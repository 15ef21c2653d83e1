// SPDX-License-Identifier: Apache-2.0
import { MINIMAL } from './example-files.ts';
import { testRules, withPlatform, type RuleCase } from './rule-cases.ts';

testRules([
  ['version', MINIMAL, { ...MINIMAL, version: '2' }, /^version: expected version: "1"/],
  ['CA certificate', MINIMAL, { ...MINIMAL, platform: { ca_key: '/k' } }, /^platform\.ca_cert: /],
  ['CA key', MINIMAL, { ...MINIMAL, platform: { ca_cert: '/c' } }, /^platform\.ca_key: /],
  ['empty path', withPlatform({ data_dir: '/d' }), withPlatform({ data_dir: '' }), /data_dir/],
  [
    'NUL in a path',
    withPlatform({ run_dir: '/d' }),
    withPlatform({ run_dir: '/d\0' }),
    /run_dir.*NUL/,
  ],
  ['tee', withPlatform({ tee: 'sev-snp' }), withPlatform({ tee: 'sgx' }), /^platform\.tee: /],
  ['runtime', withPlatform({ runtime: 'process' }), withPlatform({ runtime: 'lxc' }), /runtime/],
  [
    'load balancers',
    withPlatform({ proxy_protocol: { from: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'] } }),
    withPlatform({ proxy_protocol: { from: ['10.0.0.0/33'] } }),
    /^platform\.proxy_protocol\.from\.0: /,
  ],
  [
    'load balancers that are none',
    withPlatform({ proxy_protocol: { from: ['::/0'] } }),
    withPlatform({ proxy_protocol: { from: [] } }),
    /^platform\.proxy_protocol\.from: /,
  ],
  [
    'machine name',
    withPlatform({ machine_name: 'm-1' }),
    withPlatform({ machine_name: 'M1' }),
    /machine_name/,
  ],
  [
    'hostname',
    withPlatform({ hostname: 'Ex.com' }),
    withPlatform({ hostname: 'ex_.com' }),
    /hostname/,
  ],
  [
    'listen',
    withPlatform({ listen: '[::]:443' }),
    withPlatform({ listen: '443' }),
    /listen: "443" is not host:port/,
  ],
  [
    'attestation server',
    withPlatform({ attestation_servers: ['http://a/'] }),
    withPlatform({ attestation_servers: ['a'] }),
    /attestation_servers\.0/,
  ],
  [
    'credentials in a URL',
    withPlatform({ attestation_servers: ['https://a/'] }),
    withPlatform({ attestation_servers: ['https://u:p@a/'] }),
    /attestation_servers\.0/,
  ],
  [
    'shortest leaf life',
    withPlatform({ leaf_lifetime: '10m' }),
    withPlatform({ leaf_lifetime: '9m' }),
    /leaf_lifetime.*out of range/,
  ],
  [
    'longest leaf life',
    withPlatform({ leaf_lifetime: '24h' }),
    withPlatform({ leaf_lifetime: '25h' }),
    /leaf_lifetime.*out of range/,
  ],
  [
    'duration without a unit',
    withPlatform({ leaf_lifetime: '60m' }),
    withPlatform({ leaf_lifetime: 60 }),
    /leaf_lifetime/,
  ],
  ['workers', withPlatform({ workers: 1 }), withPlatform({ workers: 0 }), /workers/],
  [
    'workers that are not root',
    withPlatform({ worker_uid: 1, worker_gid: 1 }),
    withPlatform({ worker_uid: 0, worker_gid: 1 }),
    /worker_uid.*>=1/,
  ],
  [
    'workers that are not in the group of root',
    withPlatform({ worker_uid: 1, worker_gid: 1 }),
    withPlatform({ worker_uid: 1, worker_gid: 0 }),
    /worker_gid.*>=1/,
  ],
  [
    'user and group together',
    withPlatform({ worker_uid: 1, worker_gid: 1 }),
    withPlatform({ worker_uid: 1 }),
    /worker_uid: needs worker_gid/,
  ],
  [
    'group and user together',
    withPlatform({ worker_uid: 1, worker_gid: 1 }),
    withPlatform({ worker_gid: 1 }),
    /worker_gid: needs worker_uid/,
  ],
  [
    'runtime that can check containers before they start',
    withPlatform({ runtime: 'podman' }),
    withPlatform({ runtime: 'docker' }),
    /runtime/,
  ],
  ...(
    [
      ['the key of the CA', { ca_key: '/keys/ca/key.pem' }, '/keys/', /containers would.*ca_key/],
      ['all data', { data_dir: '/d' }, '/d', /secrets_dir: containers would.*data_dir/],
      ['the sockets', { run_dir: '/run/./p' }, '/run', /secrets_dir: containers would.*run_dir/],
    ] as const
  ).map(([what, platform, directory, problem]): RuleCase => [
    `secrets without ${what}`,
    withPlatform({ ...platform, containers: { secrets_dir: '/run-secrets' } }),
    withPlatform({ ...platform, containers: { secrets_dir: directory } }),
    problem,
  ]),
  [
    'simulator',
    withPlatform({ tee: 'simulated', simulator: {} }),
    withPlatform({ tee: 'auto', simulator: {} }),
    /simulator: has an effect only with tee: simulated/,
  ],
  [
    'quote version',
    withPlatform({ tee: 'simulated', simulator: { quote_version: 5 } }),
    withPlatform({ tee: 'simulated', simulator: { quote_version: 3 } }),
    /quote_version/,
  ],
  [
    'collateral port',
    withPlatform({ tee: 'simulated', simulator: { port: 65_535 } }),
    withPlatform({ tee: 'simulated', simulator: { port: 65_536 } }),
    /simulator\.port/,
  ],
  [
    'header size',
    withPlatform({ limits: { header_bytes: '32KiB' } }),
    withPlatform({ limits: { header_bytes: '1MiB' } }),
    /header_bytes.*out of range/,
  ],
  [
    'size',
    withPlatform({ limits: { body_bytes: 0 } }),
    withPlatform({ limits: { body_bytes: 'big' } }),
    /body_bytes: "big" is not a size/,
  ],
  [
    'limit',
    withPlatform({ limits: { connections: 1 } }),
    withPlatform({ limits: { connection: 1 } }),
    /limits: Unrecognized key/,
  ],
  [
    'issuer',
    withPlatform({ management: { oidc: { issuer: 'https://id' } } }),
    withPlatform({ management: { oidc: { issuer: 'id' } } }),
    /issuer/,
  ],
  [
    'control plane',
    withPlatform({ control_plane: { url: 'grpcs://c:1' } }),
    withPlatform({ control_plane: { url: 'http://c:1' } }),
    /control_plane\.url/,
  ],
  [
    'length of a derived host',
    withPlatform({ hostname: `${'a.'.repeat(119)}org` }),
    withPlatform({ hostname: `${'a.'.repeat(120)}org` }),
    /platform\.hostname: hostname manager.* is too long/,
  ],
]);
