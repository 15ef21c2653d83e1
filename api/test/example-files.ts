// SPDX-License-Identifier: Apache-2.0
export const DIGEST = 'a'.repeat(64);
export const IMAGE = `ghcr.io/example/myapp@sha256:${DIGEST}`;

/** A file with nothing but what is required. */
export const MINIMAL = {
  version: '1',
  platform: { ca_cert: '/data/ca.crt', ca_key: '/data/ca.key' },
} as const;

/** A platform that gives its hosts names. */
export const PLATFORM = {
  ...MINIMAL.platform,
  hostname: 'example.com',
  machine_name: 'm1',
} as const;

/** A container with nothing but what is required. */
export const APP = { name: 'app', image: IMAGE, port: 8000 } as const;

/** A process with nothing but what is required. */
export const WORKER = {
  name: 'w',
  runtime: 'process',
  command: ['/bin/w'],
  port: 8001,
} as const;

/** A manifest as Enclave OS writes it: every member that its manifests have, nothing of ours. */
export const ENCLAVE_OS_MANIFEST = {
  version: '1',
  platform: {
    hostname: 'vm.example.com',
    ca_cert: '/data/ca.crt',
    ca_key: '/data/ca.key',
    attestation_servers: ['https://as.example.com/verify'],
  },
  containers: [
    {
      name: 'api',
      image: IMAGE,
      port: 10000,
      env: { LOG_LEVEL: 'debug', WORKERS: 4, TRACE: true, EMPTY: null },
      volumes: ['/data/api:/data:ro', '/tmp/x:/x'],
      command: ['/app', '--serve'],
      health_check: {
        http: 'http://127.0.0.1:10000/healthz',
        interval_seconds: 5,
        timeout_seconds: 3,
        retries: 3,
        readiness_timeout_seconds: 60,
      },
      internal: false,
      storage: '1G',
      devices: ['/dev/nvidia0'],
      resource_vcpus: 2,
      resource_memory_mb: 512,
      ingress_allowed_callers: {
        entries: [
          {
            app_id: '00112233-4455-6677-8899-AABBCCDDEEFF',
            measurements: [
              { tdx: { mrtd: 'AA'.repeat(48), rtmr1: '11'.repeat(48), rtmr2: '12'.repeat(48) } },
            ],
            required_oids: [{ OID: '1.3.6.1.4.1.65230.2.8', ExpectedValue: 'cHJvZHVjdGlvbg==' }],
          },
        ],
      },
      dependencies: {
        entries: [
          {
            app_id: '',
            measurements: [{ sgx: 'cc'.repeat(32) }],
            required_oids: [],
            folded_identity: 'AB'.repeat(32),
          },
        ],
      },
    },
    { name: 'db', image: `disk://db@sha256:${DIGEST}`, port: 10001, internal: true },
  ],
} as const;
