// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import {
  containerConfigSchema,
  declareContainer,
  vmConfigSchema,
  type VmConfig,
} from '@proofgate/api';
import { APP, IMAGE, MINIMAL } from './example-files.ts';

/** Every field of the type, so that a field which the schema forgets does not go unnoticed. */
type Complete<T> = T extends readonly (infer Item)[]
  ? readonly Complete<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : // A file with `ca` has no `ca_cert`: that one has a test of its own.
        { readonly [Name in Exclude<keyof T, 'ca'>]-?: Complete<T[Name]> }
    : T;

const containersOfPlatform = {
  registries: [],
  network: '10.92.0.0/16',
  exec: false,
  max_image_size: 8_589_934_592,
};

/** Has what a route of mode http cannot have. */
const TCP_ROUTE = {
  hostname: 'tcp.example.org',
  mode: 'tcp',
  upstream: '127.0.0.1:5432',
  proxy_protocol: 'v2',
} as const;

describe('vmConfigSchema', () => {
  test('fills every default of a minimal file', () => {
    expect(vmConfigSchema.parse(MINIMAL)).toEqual({
      version: '1',
      platform: {
        tee: 'auto',
        ca_cert: '/data/ca.crt',
        ca_key: '/data/ca.key',
        attestation_servers: [],
        listen: { host: '0.0.0.0', port: 443 },
        data_dir: '/var/lib/proofgate',
        run_dir: '/run/proofgate',
        runtime: 'auto',
        containers: containersOfPlatform,
        image_profile_file: '/etc/privasys/image-profile',
        workers: 'auto',
        access_log: { sample: 1 },
        clients: { collateral: 'stapled', max_age: 600_000, privasys_headers: false },
        leaf_lifetime: 86_400_000,
        simulator: { latency: 0, quote_version: 4, port: 0 },
        limits: {
          connections: 10_000,
          handshake_timeout: 10_000,
          header_bytes: 16_384,
          header_count: 100,
          headers_timeout: 10_000,
          body_bytes: 1_073_741_824,
          request_timeout: 900_000,
          idle_timeout: 75_000,
          tcp_idle_timeout: 3_600_000,
          connect_timeout: 5_000,
          response_timeout: 300_000,
          quote_wait: 20,
          quote_timeout: 8_000,
          quotes: 4_096,
          challenge_quotes: 8,
          quotes_per_address: 256,
          quotes_per_host: 2_048,
          quote_rate_per_address: 100,
          connections_per_address: 1_000,
          handshakes_per_address: 50,
          requests_per_address: 1_000,
          body_rate_per_address: 2 ** 27,
          exempt_addresses: [
            { address: '127.0.0.0', prefix: 8, family: 4 },
            { address: '::1', prefix: 128, family: 6 },
          ],
        },
      },
      containers: [],
      routes: [],
    });
  });

  test('reads every field of the type', () => {
    const dependencies = {
      entries: [
        {
          app_id: 'ab'.repeat(16),
          measurements: [{ sgx: 'cd'.repeat(32) }],
          required_oids: [{ OID: '1.3.6.1', ExpectedValue: 'AQ==' }],
          folded_identity: 'ef'.repeat(32),
        },
      ],
    };
    const expected = {
      version: '1',
      platform: {
        machine_name: 'prod1',
        hostname: 'example.com',
        tee: 'simulated',
        ca_cert: '/c',
        ca_key: '/k',
        attestation_servers: ['https://as.example.com/verify'],
        listen: { host: '::1', port: 8443 },
        proxy_protocol: { from: [{ address: '10.0.0.0', family: 4, prefix: 8 }] },
        data_dir: '/d',
        run_dir: '/r',
        runtime: 'podman',
        containers: {
          registries: [{ host: 'r:5000', credentials_file: '/f', plain_http: true }],
          network: '10.0.0.0/8',
          containerd_socket: '/s',
          podman_socket: '/t',
          exec: true,
          secrets_dir: '/x',
          max_image_size: 1,
        },
        image_profile_file: '/p',
        workers: 3,
        access_log: { sample: 0.5 },
        metrics: { listen: { host: '127.0.0.1', port: 9464 } },
        clients: { collateral: '/q', roots: '/v', max_age: 60_000, privasys_headers: true },
        worker_uid: 1000,
        worker_gid: 1001,
        leaf_lifetime: 3_600_000,
        simulator: { latency: 39, quote_version: 5, port: 8081 },
        limits: {
          connections: 1,
          handshake_timeout: 1_000,
          header_bytes: 2_048,
          header_count: 3,
          headers_timeout: 2_000,
          body_bytes: 4,
          request_timeout: 3_000,
          idle_timeout: 4_000,
          tcp_idle_timeout: 5_000,
          connect_timeout: 6_000,
          response_timeout: 7_000,
          quote_wait: 8,
          quote_timeout: 9_000,
          quotes: 10,
          challenge_quotes: 11,
          quotes_per_address: 12,
          quotes_per_host: 13,
          quote_rate_per_address: 14,
          quote_rate_per_host: 15,
          connections_per_address: 16,
          handshakes_per_address: 17,
          requests_per_address: 18,
          body_rate_per_address: 1_900,
          exempt_addresses: [{ address: '10.0.0.0', prefix: 8, family: 4 }],
          connections_per_host: 20,
          handshakes_per_host: 21,
          requests_per_host: 22,
          body_rate_per_host: 2_300,
        },
        management: {
          oidc: {
            issuer: 'https://id.example.com',
            audience: 'a',
            role_claim: 'r',
            manager_role: 'm',
            monitoring_role: 'o',
          },
        },
        control_plane: { url: 'grpcs://cp.example.com:9443' },
      },
      containers: [
        {
          name: 'app',
          runtime: 'container',
          image: IMAGE,
          port: 8000,
          command: ['/x'],
          env: { A: 'b' },
          volumes: ['/a:/b'],
          internal: false,
          hostname: 'app.example.org',
          mode: 'http',
          attestation: 'session',
          clients: 'optional',
          client_policy: { version: 1, tee: 'tdx' },
          health_check: {
            tcp: '127.0.0.1:8000',
            interval_seconds: 1,
            timeout_seconds: 2,
            retries: 3,
            readiness_timeout_seconds: 4,
          } as never,
          restart: { policy: 'never', initial_delay: 1, max_delay: 2, reset_after: 3 },
          storage: 500,
          devices: ['/dev/x'],
          resource_vcpus: 1.5,
          resource_memory_mb: 64,
          user: { uid: 1, gid: 2 },
          working_dir: '/w',
          app_id: 'ab'.repeat(16),
          ingress_allowed_callers: dependencies,
          dependencies,
          isolation: {
            read_only_root: false,
            no_new_privileges: false,
            seccomp: 'unconfined',
            capabilities: ['CAP_NET_RAW'],
            allow_root: true,
            user_namespace: true,
            masked_paths: false,
            egress: 'internet',
            init: false,
            tmp_size: 4_096,
            pids: 1,
            nofile: 16,
            image_labels: { volumes: true, devices: true },
          },
          secrets: [{ name: 's', file: '/s' }],
          config_api: { method: 'PUT', path: '/p', optional: true },
          extensions_path: '/e',
          owners: ['o'],
          depends_on: ['other'],
          stop_grace: 5,
        },
        {
          ...containerConfigSchema.parse({ ...APP, name: 'other', port: 8001 }),
          hostname: 'other.prod1.example.com',
        } as never,
      ],
      routes: [
        {
          hostname: 'db.example.org',
          mode: 'http',
          upstream: 'http://127.0.0.1:5432',
          response_headers: { 'X-Frame-Options': 'DENY' },
          attestation: 'certificate',
          alpn: ['h2'],
          proxy_protocol: undefined,
          limits: {
            body_bytes: 1,
            request_timeout: 1_000,
            idle_timeout: 2_000,
            response_timeout: 3_000,
            connections_per_host: 4,
            handshakes_per_host: 5,
            requests_per_host: 6,
            body_rate_per_host: 7_000,
          },
          clients: 'required',
          client_policy: '/clients.json',
        },
        { ...TCP_ROUTE, limits: {}, attestation: 'certificate', clients: 'none' } as never,
      ],
    } as const satisfies Complete<VmConfig>;
    const { platform } = expected;
    const [container, other] = expected.containers;
    const [{ proxy_protocol: _ofTcp, ...route }] = expected.routes;
    const ms = (value: number): string => `${String(value)}ms`;
    const limits = Object.entries(platform.limits).map(([name, value]) => [
      name,
      Array.isArray(value)
        ? ['10.0.0.0/8']
        : /_(?:timeout|wait)$/.test(name)
          ? ms(Number(value))
          : value,
    ]);
    const file = {
      version: '1',
      platform: {
        ...platform,
        listen: '[::1]:8443',
        proxy_protocol: { from: ['10.0.0.0/8'] },
        metrics: { listen: '127.0.0.1:9464' },
        leaf_lifetime: 'PT1H',
        clients: { ...platform.clients, max_age: '1m' },
        simulator: { latency: '39ms', quote_version: 5, port: 8081 },
        limits: Object.fromEntries(limits) as unknown,
      },
      containers: [
        {
          ...container,
          restart: { policy: 'never', initial_delay: '1ms', max_delay: '2ms', reset_after: '3ms' },
          user: '1:2',
          stop_grace: '5ms',
        },
        declareContainer(other, expected.platform),
      ],
      routes: [
        {
          ...route,
          limits: {
            ...route.limits,
            request_timeout: '1s',
            idle_timeout: '2s',
            response_timeout: '3s',
          },
        },
        TCP_ROUTE,
      ],
    };
    expect(vmConfigSchema.parse(file)).toEqual(expected);
  });
});
