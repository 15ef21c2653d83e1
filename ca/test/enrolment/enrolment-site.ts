// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey } from '@proofgate/ca';
import {
  enrol,
  EnrolmentAuthority,
  serveEnrolment,
  serverIdentities,
  type EnrolledIntermediary,
  type EnrolmentRule,
  type EnrolOptions,
  type ServiceEvidence,
} from '@proofgate/ca/enrolment';
import { openOperatorCa, type OperatorCa } from '@proofgate/ca/operator';
import { createLogger } from '@proofgate/daemon';
import { toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { parsePolicy, type Policy } from '@proofgate/verifier';
import { afterEach } from 'vitest';
import { caDirectory } from '../ca-directory.ts';
import { AT, pem, root } from '../pki.ts';

export const HOST = 'prod1.example.com';
export const SERVICE = 'ca.example.com';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A machine that every test policy accepts. */
export const machine: SimulatedPlatform = createSimulatedPlatform({ at: AT });

/** A policy that accepts machines measured like this one, with its simulated root. */
export function policyFor(platform: SimulatedPlatform, changes: object = {}): Policy {
  const { mrtd } = platform.measurements();
  return parsePolicy({
    version: 1,
    name: 'machines',
    tee: 'tdx',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { image: { mrtd: toHex(mrtd) } },
    ...changes,
  });
}

/** A running enrolment service with a clock that the test moves. */
export interface EnrolmentSite {
  readonly directory: string;
  readonly url: string;
  readonly ca: OperatorCa;
  now: Date;
  /** What a machine needs to enrol here. */
  readonly options: (platform: SimulatedPlatform, changes?: Partial<EnrolOptions>) => EnrolOptions;
  readonly enrol: (
    platform: SimulatedPlatform,
    changes?: Partial<EnrolOptions>,
  ) => Promise<EnrolledIntermediary>;
}

/** Starts a service; it ends with the test. */
export async function enrolmentSite(
  options: {
    readonly rules?: readonly EnrolmentRule[];
    readonly rate?: { readonly burst: number; readonly perMinute: number };
    readonly perHostPerDay?: number;
    /** Puts evidence into the certificate of the service. */
    readonly evidence?: ServiceEvidence;
    /** Gets the lines that the service logs. */
    readonly log?: string[];
  } = {},
): Promise<EnrolmentSite> {
  const directory = caDirectory();
  writeFileSync(join(directory, 'root.key'), encodePrivateKey(root.privateKey), { mode: 0o600 });
  const site = { now: AT };
  const clock = (): Date => site.now;
  const ca = await openOperatorCa(directory, AT);
  const rules = options.rules ?? [
    { name: 'machines', policy: policyFor(machine), hosts: [HOST, '.fleet.example.com'], days: 30 },
  ];
  const { log = [], perHostPerDay = 24 } = options;
  const logger = createLogger({
    name: 'test',
    destination: { write: (line: string) => void log.push(line) },
  });
  const authority = new EnrolmentAuthority({
    ...{ ca, root, rules, crlUrls: [], perHostPerDay, logger, clock, randomBytes },
  });
  const server = await serveEnrolment({
    authority,
    listen: { host: '127.0.0.1', port: 0 },
    identity: await serverIdentities(ca, root, SERVICE, () => new Date(), options.evidence),
    root: root.certificate,
    directory,
    rate: options.rate ?? { burst: 1_000, perMinute: 1_000 },
    clock,
    logger,
  });
  closers.push(
    () => ca.close(),
    () => server.close(),
  );
  const url = `https://${SERVICE}:${String(server.port)}`;
  const enrolOptions: EnrolmentSite['options'] = (platform, changes = {}) => ({
    url,
    rootPem: pem(root.certificate),
    connectTo: '127.0.0.1',
    purpose: 'enrol',
    host: HOST,
    evidence: {
      quote: (reportData) => platform.quote(reportData),
      collateral: () => Promise.resolve(platform.collateral()),
    },
    clock,
    ...changes,
  });
  return Object.assign(site, {
    directory,
    url,
    ca,
    options: enrolOptions,
    enrol: (platform: SimulatedPlatform, changes?: Partial<EnrolOptions>) =>
      enrol(enrolOptions(platform, changes)),
  });
}
