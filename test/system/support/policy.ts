// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OID } from '@proofgate/evidence';
import { proofgateOk } from './proofgate.ts';
import { HELLO } from './stack-config.ts';
import type { Stack } from './stack.ts';

/** What `proofgate plan --json` prints. */
export interface Plan {
  readonly platform: { readonly root: string; readonly runtimeVersion: string };
  readonly workloads: readonly {
    readonly name: string;
    readonly imageRef: string;
    readonly imageDigest: string;
    readonly specDigest: string;
    readonly configRoot: string;
  }[];
  readonly hosts: readonly {
    readonly hostname: string;
    readonly kind: string;
    readonly extensions: readonly {
      readonly oid: string;
      readonly name: string;
      readonly value: string;
    }[];
  }[];
  readonly events: readonly { readonly type: string }[];
  readonly rtmr3: string;
}

/** What the simulated platform says about itself. */
export interface SimulatorAddress {
  /** Base URL of its collateral service. */
  readonly collateral: string;
  readonly rootSha256: string;
}

/** A policy file with the rules that these tests change. */
export interface SystemPolicy {
  readonly version: 1;
  readonly name: string;
  readonly tee: readonly string[];
  readonly roots: readonly string[];
  readonly measurements: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly tcb: { readonly accept: readonly string[] };
  readonly extensions: Readonly<Record<string, string>>;
  readonly workloads: Readonly<Record<string, readonly string[]>>;
  readonly freshness: { readonly mode: string; readonly maxAge: string };
}

/** What the config file of a stack will produce. */
export async function planOf({ files }: Stack): Promise<Plan> {
  return JSON.parse(await proofgateOk('plan', '-c', files.configFile, '--json')) as Plan;
}

/** Where a stack's simulated platform is reached and what its root is. */
export async function simulatorOf({ files }: Stack): Promise<SimulatorAddress> {
  const text = await readFile(join(files.runDirectory, 'simulator.json'), 'utf8');
  return JSON.parse(text) as SimulatorAddress;
}

/**
 * The policy of a client that knows what it will meet: boot measurements as the builder of the image would publish them,
 * everything above from the plan.
 */
export async function policyOf(stack: Stack): Promise<SystemPolicy> {
  const { rootSha256 } = await simulatorOf(stack);
  const { mrtd, rtmr } = (await stack.ask('simulator.sock', '/v1/measurements')) as {
    readonly mrtd: string;
    readonly rtmr: readonly [string, string, string, string];
  };
  const plan = await planOf(stack);
  return {
    version: 1,
    name: 'system',
    tee: ['tdx'],
    roots: [`sha256:${rootSha256}`],
    measurements: {
      image: { mrtd, rtmr0: rtmr[0], rtmr1: rtmr[1], rtmr2: rtmr[2], rtmr3: plan.rtmr3 },
    },
    tcb: { accept: ['UpToDate'] },
    extensions: { [OID.workloadRoot]: `hex:${plannedValue(plan, OID.workloadRoot)}` },
    workloads: Object.fromEntries(
      plan.workloads.map(({ name, imageDigest }) => [name, [`sha256:${imageDigest}`]]),
    ),
    freshness: { mode: 'certificate', maxAge: 'PT24H' },
  };
}

/** The value that the plan has for an extension of the hello app's certificate. */
export function plannedValue(plan: Plan, oid: string): string {
  const host = plan.hosts.find(({ hostname }) => hostname === HELLO);
  const value = host?.extensions.find((extension) => extension.oid === oid)?.value;
  if (value === undefined) throw new Error(`the plan has no extension ${oid} for ${HELLO}`);
  return value;
}
