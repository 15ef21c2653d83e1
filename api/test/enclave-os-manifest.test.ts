// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { vmConfigSchema } from '@proofgate/api';
import { ENCLAVE_OS_MANIFEST } from './example-files.ts';

/** What a container may do unless its file says otherwise: nothing. */
const isolation = {
  read_only_root: true,
  no_new_privileges: true,
  seccomp: 'default',
  capabilities: [],
  allow_root: false,
  user_namespace: false,
  masked_paths: true,
  egress: 'none',
  init: true,
  tmp_size: 67_108_864,
  pids: 256,
  nofile: 4_096,
  image_labels: { volumes: false, devices: false },
};

const restart = { policy: 'always', initial_delay: 1_000, max_delay: 60_000, reset_after: 600_000 };

test('a manifest of Enclave OS is accepted as it is', () => {
  const { containers } = vmConfigSchema.parse(ENCLAVE_OS_MANIFEST);
  expect(containers[0]).toEqual({
    ...ENCLAVE_OS_MANIFEST.containers[0],
    runtime: 'container',
    hostname: 'api.vm.example.com',
    mode: 'http',
    attestation: 'certificate',
    clients: 'none',
    env: { LOG_LEVEL: 'debug', WORKERS: '4', TRACE: 'true', EMPTY: '' },
    storage: 1_073_741_824,
    restart,
    isolation,
    secrets: [],
    owners: [],
    depends_on: [],
    stop_grace: 10_000,
    ingress_allowed_callers: {
      entries: [
        {
          app_id: '00112233445566778899aabbccddeeff',
          measurements: [
            { tdx: { mrtd: 'aa'.repeat(48), rtmr1: '11'.repeat(48), rtmr2: '12'.repeat(48) } },
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
          folded_identity: 'ab'.repeat(32),
        },
      ],
    },
  });
  expect(containers[1]).not.toHaveProperty('hostname');
});
