// SPDX-License-Identifier: Apache-2.0
import { APP, IMAGE, MINIMAL, PLATFORM, WORKER } from './example-files.ts';
import { testRules, withContainers, withContainer, without, type RuleCase } from './rule-cases.ts';

const withWorkers = (change: object): unknown => ({
  ...MINIMAL,
  platform: { ...PLATFORM, worker_uid: 7, worker_gid: 8 },
  containers: [{ ...APP, ...change }],
});

testRules([
  ['name', withContainer({ name: 'a-1' }), withContainer({ name: '../a' }), /containers\.0\.name/],
  [
    'name length',
    withContainer({ name: 'a'.repeat(63) }),
    withContainer({ name: 'a'.repeat(64) }),
    /containers\.0\.name/,
  ],
  [
    'digest',
    withContainer({}),
    withContainer({ image: 'ghcr.io/example/myapp:1' }),
    /not pinned by digest/,
  ],
  [
    'short digest',
    withContainer({}),
    withContainer({ image: 'a@sha256:abcd' }),
    /image.*malformed/,
  ],
  [
    'image of a container',
    withContainer({}),
    withContainers(without(APP, 'image')),
    /image: a container needs an image/,
  ],
  [
    'image of a process',
    withContainers(WORKER),
    withContainers({ ...WORKER, image: IMAGE }),
    /remove the image/,
  ],
  [
    'command of a process',
    withContainers(WORKER),
    withContainers(without(WORKER, 'command')),
    /needs a command/,
  ],
  [
    'absolute command of a process',
    withContainers(WORKER),
    withContainers({ ...WORKER, command: ['w'] }),
    /absolute path/,
  ],
  ['port', withContainer({ port: 65_535 }), withContainer({ port: 65_536 }), /port/],
  [
    'reserved port',
    withContainer({ port: 8081 }),
    withContainer({ port: 8080 }),
    /port 8080 is reserved/,
  ],
  [
    'port of the proxy',
    withContainer({ port: 444 }),
    withContainer({ port: 443 }),
    /port 443 is already taken by platform\.listen/,
  ],
  [
    'port twice',
    withContainers(APP, WORKER),
    withContainers(APP, { ...WORKER, port: 8000 }),
    /port 8000 is already taken/,
  ],
  [
    'name twice',
    withContainers(APP, WORKER),
    withContainers(APP, { ...WORKER, name: 'app' }),
    /name app is already taken/,
  ],
  [
    'hostname twice',
    withContainers(APP, { ...WORKER, hostname: 'b.org' }),
    withContainers(APP, { ...WORKER, hostname: 'APP.m1.example.com' }),
    /containers\.1\.hostname: hostname app\.m1\.example\.com is already taken by containers\[0\]\.name/,
  ],
  [
    'hostname of the manager',
    withContainer({ name: 'boss' }),
    withContainer({ name: 'manager' }),
    /manager\.m1\.example\.com is already taken by platform\.hostname/,
  ],
  [
    'some hostname',
    { ...MINIMAL, containers: [{ ...APP, internal: true }] },
    { ...MINIMAL, containers: [APP] },
    /containers\.0: has no hostname/,
  ],
  [
    'runtime of the platform',
    { ...MINIMAL, platform: { ...PLATFORM, runtime: 'process' }, containers: [WORKER] },
    { ...MINIMAL, platform: { ...PLATFORM, runtime: 'process' }, containers: [APP] },
    /needs a container runtime/,
  ],
  [
    'runtime whose containers can be checked before they run',
    { ...MINIMAL, platform: { ...PLATFORM, runtime: 'podman' }, containers: [APP] },
    { ...MINIMAL, platform: { ...PLATFORM, runtime: 'docker' }, containers: [APP] },
    /platform\.runtime.*docker starts a container in the step that makes it/,
  ],
  [
    'variable name',
    withContainer({ env: { A_1: 'x' } }),
    withContainer({ env: { '1A': 'x' } }),
    /env/,
  ],
  [
    'variable value',
    withContainer({ env: { A: 'x' } }),
    withContainer({ env: { A: 'x\0' } }),
    /env\.A/,
  ],
  [
    'argument',
    withContainer({ command: ['x'] }),
    withContainer({ command: ['x\0y'] }),
    /command\.0.*NUL/,
  ],
  [
    'volume',
    withContainer({ volumes: ['/a:/b:ro'] }),
    withContainer({ volumes: ['a:/b'] }),
    /volumes\.0/,
  ],
  [
    'device',
    withContainer({ devices: ['/dev/a'] }),
    withContainer({ devices: ['/dev/../a'] }),
    /devices\.0/,
  ],
  [
    'working directory',
    withContainer({ working_dir: '/w' }),
    withContainer({ working_dir: 'w' }),
    /working_dir/,
  ],
  [
    'user',
    withContainer({ user: '0:0' }),
    withContainer({ user: 'root' }),
    /user: "root" is not uid:gid/,
  ],
  ...(['65530:1', '1:65530'] as const).map((user): RuleCase => [
    `user that is not the proxy's workers (${user})`,
    withContainer({ user: '65531:1' }),
    withContainer({ user }),
    /containers\.0\.user: [ug]id 65530 is that of the proxy's workers/,
  ]),
  [
    "user that is not what the file makes the proxy's workers",
    withWorkers({ user: '65530:65530' }),
    withWorkers({ user: '7:9' }),
    /containers\.0\.user: uid 7 is that of the proxy's workers/,
  ],
  ['storage', withContainer({ storage: '500M' }), withContainer({ storage: 0 }), /storage/],
  [
    'application id',
    withContainer({ app_id: 'ab'.repeat(16) }),
    withContainer({ app_id: 'ab' }),
    /app_id/,
  ],
  [
    'one health check',
    withContainer({ health_check: { tcp: 'a:1' } }),
    withContainer({ health_check: {} }),
    /exactly one of http, tcp and exec/,
  ],
  [
    'only one health check',
    withContainer({ health_check: { http: 'http://a/' } }),
    withContainer({ health_check: { http: 'http://a/', tcp: 'a:1' } }),
    /exactly one of http, tcp and exec/,
  ],
  [
    'only one health check, a program included',
    withContainer({ health_check: { exec: ['/x'] } }),
    withContainer({ health_check: { exec: ['/x'], tcp: 'a:1' } }),
    /exactly one of http, tcp and exec/,
  ],
  [
    'health program',
    withContainer({ health_check: { exec: ['/x', ''] } }),
    withContainer({ health_check: { exec: [] } }),
    /health_check\.exec/,
  ],
  [
    'health program of a container',
    withContainer({ health_check: { exec: ['/x'] } }),
    withContainers({ ...WORKER, health_check: { exec: ['/x'] } }),
    /containers\.0\.health_check\.exec: runs in a container/,
  ],
  [
    'what it depends on',
    withContainers(APP, { ...WORKER, depends_on: ['app'] }),
    withContainers(APP, { ...WORKER, depends_on: ['app', 'db'] }),
    /containers\.1\.depends_on\.1: there is no container db/,
  ],
  [
    'that it does not depend on itself',
    withContainers(APP, { ...WORKER, depends_on: ['app'] }),
    withContainers(APP, { ...WORKER, depends_on: ['w'] }),
    /containers\.1\.depends_on\.0: .* none can start: w, w/,
  ],
  [
    'health URL',
    withContainer({ health_check: { http: 'http://a/' } }),
    withContainer({ health_check: { http: 'https://a/' } }),
    /health_check\.http/,
  ],
  [
    'health port',
    withContainer({ health_check: { tcp: 'a:1' } }),
    withContainer({ health_check: { tcp: 'a:0' } }),
    /health_check\.tcp/,
  ],
  [
    'restart policy',
    withContainer({ restart: { policy: 'on-failure' } }),
    withContainer({ restart: { policy: 'no' } }),
    /restart\.policy/,
  ],
  [
    'measurement',
    withContainer({
      dependencies: { entries: [{ app_id: '', measurements: [{ sgx: 'aa'.repeat(32) }] }] },
    }),
    withContainer({ dependencies: { entries: [{ app_id: '', measurements: [{ sgx: 'aa' }] }] } }),
    /measurements\.0/,
  ],
  [
    'object identifier',
    withContainer({
      dependencies: {
        entries: [
          { app_id: '', measurements: [], required_oids: [{ OID: '1.2', ExpectedValue: '' }] },
        ],
      },
    }),
    withContainer({
      dependencies: {
        entries: [
          { app_id: '', measurements: [], required_oids: [{ OID: '1.02', ExpectedValue: '' }] },
        ],
      },
    }),
    /OID/,
  ],
  [
    'base64',
    withContainer({
      dependencies: {
        entries: [
          { app_id: '', measurements: [], required_oids: [{ OID: '1.2', ExpectedValue: 'AQ==' }] },
        ],
      },
    }),
    withContainer({
      dependencies: {
        entries: [
          { app_id: '', measurements: [], required_oids: [{ OID: '1.2', ExpectedValue: 'AQ' }] },
        ],
      },
    }),
    /ExpectedValue/,
  ],
  [
    'evidence of a TCP container',
    withContainer({ mode: 'tcp' }),
    withContainer({ mode: 'tcp', attestation: 'session' }),
    /containers\.0\.attestation: mode tcp/,
  ],
]);
