// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { fleetReportData, toHex, type FleetBinding, type RuntimeEvent } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { createPolicy } from '../../src/policies/fleet-policy.ts';
import { assignPolicy, type PolicyAssignment } from '../../src/policies/policy-assignment.ts';
import { FleetRegistrar, type Registration } from '../../src/registration/fleet-registrar.ts';
import type { RegistrationRequest } from '../../src/registration/registration-request.ts';
import type { Database } from '../../src/store/database.ts';

export const AT: Date = new Date('2026-06-01T12:00:00.000Z');
export const FLEET = 'cp.example.com';

/** A machine that the policy of {@link fleetSite} accepts. */
export const machine: SimulatedPlatform = createSimulatedPlatform({ at: AT });

/** A new key: its SubjectPublicKeyInfo. */
export function newKey(): Uint8Array {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
}

/** A document that accepts machines measured like this one, and changes to it. */
export function policyDocument(
  platform: SimulatedPlatform = machine,
  changes: object = {},
): string {
  const { mrtd, rtmr } = platform.measurements();
  const [rtmr0, rtmr1, rtmr2] = rtmr.map(toHex);
  return JSON.stringify({
    version: 1,
    tee: 'tdx',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { image: { mrtd: toHex(mrtd), rtmr0, rtmr1, rtmr2 } },
    ...changes,
  });
}

/** What differs from an agent that is let in. */
export interface AttemptChanges {
  readonly name?: string;
  readonly labels?: readonly string[];
  readonly spki?: Uint8Array;
  readonly nonce?: Uint8Array;
  /** What the quote covers, where it is something else than what is asked for. */
  readonly quoted?: Partial<FleetBinding>;
  readonly eventLog?: readonly RuntimeEvent[];
}

/** A fleet with a clock that the test moves. */
export interface FleetSite {
  readonly database: Database;
  now: Date;
  readonly registrar: FleetRegistrar;
  request(platform: SimulatedPlatform, changes?: AttemptChanges): Promise<RegistrationRequest>;
  register(platform: SimulatedPlatform, changes?: AttemptChanges): Promise<Registration>;
}

const deed = { actor: 'operator:ann', at: AT };

/** Keeps a policy and assigns it. */
export async function addPolicy(
  database: Database,
  name: string,
  document: string,
  assignment: Partial<PolicyAssignment> = {},
): Promise<void> {
  await database.transaction(async (queries) => {
    const { version } = await createPolicy(queries, name, document, deed);
    const whole = {
      ...{ label: '*', policy: name, version, mode: 'strict', admission: 'attested' },
      ...assignment,
    } as PolicyAssignment;
    await assignPolicy(queries, whole, deed);
  });
}

/** A fleet that lets in machines like {@link machine}, unless another policy is given. */
export async function fleetSite(
  database: Database,
  document: string | undefined = policyDocument(),
  assignment: Partial<PolicyAssignment> = {},
): Promise<FleetSite> {
  await addPolicy(database, 'images', document, assignment);
  return fleetOn(database);
}

/** A control plane on a database that has its policies already. */
export function fleetOn(database: Database): FleetSite {
  const site = { now: AT };
  const registrar = new FleetRegistrar({
    database,
    fleet: FLEET,
    clock: () => site.now,
    randomBytes,
    randomId: randomUUID,
  });
  const request: FleetSite['request'] = async (platform, changes = {}) => {
    const { name = 'prod1', labels = [], spki = newKey(), eventLog = [], quoted } = changes;
    const nonce = changes.nonce ?? (await registrar.challenge('register', spki)).nonce;
    const binding = { purpose: 'register', fleet: FLEET, agent: name, spki, nonce } as const;
    const quote = await platform.quote(fleetReportData({ ...binding, ...quoted }));
    return {
      name,
      labels,
      spki,
      nonce,
      evidence: { quote, eventLog, collateral: platform.collateral() },
    };
  };
  return Object.assign(site, {
    database,
    registrar,
    request,
    register: async (platform: SimulatedPlatform, changes?: AttemptChanges) =>
      registrar.register(await request(platform, changes)),
  });
}
