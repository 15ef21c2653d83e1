// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { vmConfigSchema } from '@proofgate/api';
import { ConfigError, loadYaml } from '@proofgate/daemon';
import { IMAGE } from './example-files.ts';

// The schema and the reader of files meet in the products; here the two are held together as a user sees them.
const TEXT = `version: "1"
platform:
  machine_name: prod1
  hostname: example.com
  tee: auto
  ca_cert: /data/ca.crt
  ca_key: /data/ca.key
  attestation_servers: [https://as.example.com/verify]
  listen: "0.0.0.0:443"
  data_dir: /var/lib/proofgate
  run_dir: /run/proofgate
  runtime: auto
  management:
    oidc: { issuer: https://id.example.com, audience: enclave-os-virtual }
  control_plane:
    url: grpcs://cp.example.com:9443
containers:
  - name: myapp
    image: ${IMAGE}
    port: 8000
    health_check: { http: "http://127.0.0.1:8000/healthz" }
  - name: worker
    runtime: process
    command: ["/usr/bin/node", "/opt/worker/main.js"]
    port: 8001
routes:
  - hostname: legacy.example.com
    upstream: http://127.0.0.1:9000
  - hostname: db.example.com
    mode: tcp
    upstream: 127.0.0.1:5432
`;

function refusalOf(text: string): string {
  try {
    loadYaml(text, vmConfigSchema, 'proofgate.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('the text was accepted');
}

describe('a configuration text', () => {
  test('is read with all of its parts', () => {
    const { containers, routes } = loadYaml(TEXT, vmConfigSchema, 'proofgate.yaml');
    expect(containers.map(({ hostname }) => hostname)).toEqual([
      'myapp.prod1.example.com',
      'worker.prod1.example.com',
    ]);
    expect(routes.map(({ mode, upstream }) => [mode, upstream])).toEqual([
      ['http', 'http://127.0.0.1:9000'],
      ['tcp', '127.0.0.1:5432'],
    ]);
  });

  test.each<[what: string, text: string, problem: string]>([
    [
      'an unknown key',
      TEXT.replace('    port: 8001', '    prot: 8001\n    port: 8001'),
      'proofgate.yaml:25:5: containers[1].prot: unknown key "prot" (did you mean "port"? allowed: name, runtime, ',
    ],
    [
      'a port twice',
      TEXT.replace('8001', '8000'),
      'proofgate.yaml:25:11: containers[1].port: port 8000 is already taken by containers[0].port',
    ],
    [
      'an image by tag',
      TEXT.replace(/@sha256:a+/, ':1'),
      'proofgate.yaml:19:12: containers[0].image: image "ghcr.io/example/myapp:1" is not pinned by digest',
    ],
    [
      'a process without a command',
      TEXT.replace(/    command: .*\n/, ''),
      'proofgate.yaml:22:5: containers[1].command: runtime process needs a command',
    ],
    [
      'a hint of the nearest choice',
      TEXT.replace('tee: auto', 'tee: auot'),
      'proofgate.yaml:5:8: platform.tee: expected auto, tdx, sev-snp, simulated, not "auot"; did you mean "auto"?',
    ],
    [
      'a nested health check',
      TEXT.replace('{ http:', '{ url:'),
      'proofgate.yaml:21:21: containers[0].health_check.url: unknown key "url"',
    ],
  ])('with %s is refused at its place', (_what, text, problem) => {
    expect(refusalOf(text).split('\n')).toContainEqual(expect.stringContaining(problem));
  });
});
