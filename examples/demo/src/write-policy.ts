// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requestUnix } from '@proofgate/daemon';

import { readSimulator } from './read-simulator.ts';
import { runProofgate } from './run-proofgate.ts';
import { HOST, type Stage } from './stage.ts';

/** The parts of `proofgate plan --json` that the policy is made of. */
interface Plan {
  readonly rtmr3: string;
  readonly workloads: readonly { readonly name: string; readonly imageDigest: string }[];
  readonly hosts: readonly {
    readonly hostname: string;
    readonly extensions: readonly { readonly oid: string; readonly value: string }[];
  }[];
}

/** OID of the workload's configuration root, RA-TLS v1. */
const WORKLOAD_ROOT = '1.3.6.1.4.1.65230.3.1';
/** Measurements are answered from memory. */
const TIMEOUT_MS = 5_000;

/**
 * Writes what the client will accept. Every value is known before the client connects: the boot measurements as whoever
 * builds the VM image would publish them, everything above from `proofgate plan`. Nothing is trusted on first use.
 */
export async function writePolicy(stage: Stage): Promise<void> {
  const plan = await readPlan(stage.configFile);
  const { rootSha256 } = await readSimulator(stage);
  const boot = await readBootMeasurements(stage);
  const configuration = plan.hosts
    .find(({ hostname }) => hostname === HOST)
    ?.extensions.find(({ oid }) => oid === WORKLOAD_ROOT);
  const policy = {
    version: 1,
    name: 'demo',
    tee: ['tdx'],
    roots: [`sha256:${rootSha256}`],
    measurements: { 'demo image': { ...boot, rtmr3: plan.rtmr3 } },
    tcb: { accept: ['UpToDate'] },
    extensions: { [WORKLOAD_ROOT]: `hex:${configuration?.value ?? ''}` },
    workloads: Object.fromEntries(
      plan.workloads.map(({ name, imageDigest }) => [name, [`sha256:${imageDigest}`]]),
    ),
    freshness: { mode: 'certificate', maxAge: 'PT24H' },
  };
  await writeFile(stage.policyFile, `${JSON.stringify(policy, null, 2)}\n`);
}

async function readPlan(configFile: string): Promise<Plan> {
  // Sound: our own command of the same version printed it.
  return JSON.parse(await runProofgate(['plan', '-c', configFile, '--json'])) as Plan;
}

async function readBootMeasurements({ runDirectory }: Stage): Promise<Record<string, string>> {
  const { body } = await requestUnix({
    socketPath: join(runDirectory, 'simulator.sock'),
    method: 'GET',
    path: '/v1/measurements',
    timeoutMs: TIMEOUT_MS,
  });
  // Sound: the simulator of the same version answered.
  const { mrtd, rtmr } = body as { mrtd: string; rtmr: readonly [string, string, string, string] };
  return { mrtd, rtmr0: rtmr[0], rtmr1: rtmr[1], rtmr2: rtmr[2] };
}
