// SPDX-License-Identifier: Apache-2.0
import {
  canonicalJson,
  CodedError,
  sha256,
  toHex,
  utf8,
  type FleetPurpose,
} from '@proofgate/evidence';
import type { CollateralInput } from '@proofgate/verifier';
import type { AuditEvent } from '../audit/audit-entry.ts';
import { appendAudit } from '../audit/audit-log.ts';
import { FleetError } from '../errors.ts';
import { policiesFor, type AssignedPolicy } from '../policies/policy-assignment.ts';
import { admitAgent } from '../registry/admit-agent.ts';
import type { Agent } from '../registry/agent.ts';
import type { Database, Queries } from '../store/database.ts';
import { keepAppraisal } from './appraisal.ts';
import { judgeAgent, type Judgement } from './judge-agent.ts';
import { issueNonce, redeemNonce, type IssuedNonce } from './nonce-store.ts';
import { RefusedAgent } from './refused-agent.ts';
import { checkRequest, type RegistrationRequest } from './registration-request.ts';

/** What deciding about registrations takes. */
export interface FleetRegistrarOptions {
  readonly database: Database;
  /** Name of the fleet, which evidence is made for. */
  readonly fleet: string;
  /** Where collateral comes from; without it, the collateral that agents bring. */
  readonly collateral?: CollateralInput;
  readonly clock: () => Date;
  /** Cryptographically strong. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly randomId: () => string;
}

/** An agent that was let in. */
export interface Registration {
  readonly agent: Agent;
  /** Let in although a policy that only warns refuses it. */
  readonly warned: boolean;
}

/** Lets agents into the fleet, on the strength of their evidence. */
export class FleetRegistrar {
  readonly #options: FleetRegistrarOptions;

  constructor(options: FleetRegistrarOptions) {
    this.#options = options;
  }

  /**
   * What the next evidence of an agent has to cover.
   *
   * @param spki - of the agent, which has proved to hold the key
   * @throws FleetError `ERR_FLEET_BUSY`, `ERR_FLEET_DATABASE`
   */
  challenge(purpose: FleetPurpose, spki: Uint8Array): Promise<IssuedNonce> {
    const { database, clock, randomBytes } = this.#options;
    const use = { purpose, keySha256: toHex(sha256(spki)) };
    return database.transaction((queries) => issueNonce(queries, use, clock(), randomBytes));
  }

  /**
   * Decides about a registration, in this order: form, nonce, policies, evidence, binding, event log, policies' rules, name.
   * The decision, what follows from it and its entry in the audit log are one transaction.
   *
   * @throws RefusedAgent for evidence that is not genuine, not made for this request, or not acceptable; FleetError
   *   `ERR_FLEET_REQUEST_INVALID`, `ERR_FLEET_NONCE_*`, `ERR_FLEET_POLICY_MISSING`, `ERR_FLEET_KEY_TAKEN`,
   *   `ERR_FLEET_NAME_TAKEN`, `ERR_FLEET_DATABASE`; VerifierError of family `unavailable` without collateral
   */
  async register(request: RegistrationRequest): Promise<Registration> {
    checkRequest(request);
    try {
      const { policies, judgement } = await this.#judge(request);
      if (judgement.refusal !== undefined) {
        throw new RefusedAgent(judgement.refusal, judgement.policies);
      }
      return await this.#admit(request, policies, judgement);
    } catch (error) {
      await this.#recordRefusal(request, error);
      throw error;
    }
  }

  async #judge(
    request: RegistrationRequest,
  ): Promise<{ readonly policies: readonly AssignedPolicy[]; readonly judgement: Judgement }> {
    const { database, fleet, clock, collateral } = this.#options;
    const { name, labels, spki, nonce, evidence } = request;
    const at = clock();
    // First, and for good: a nonce is worth one attempt, whatever else is wrong.
    const use = { purpose: 'register', keySha256: toHex(sha256(spki)) } as const;
    const nonceIssuedAt = await redeemNonce(database, nonce, use, at);
    const policies = await policiesFor(database, labels);
    const binding = { purpose: use.purpose, fleet, agent: name, spki, nonce };
    const claim = { binding, evidence, nonceIssuedAt, at };
    return { policies, judgement: await judgeAgent(claim, policies, collateral) };
  }

  async #admit(
    request: RegistrationRequest,
    policies: readonly AssignedPolicy[],
    judgement: Judgement,
  ): Promise<Registration> {
    const { database, clock, randomId } = this.#options;
    const { name, labels, spki, evidence } = request;
    const approved = policies.every(
      ({ mode, admission }) => mode === 'shadow' || admission === 'attested',
    );
    const at = clock();
    const deed = { actor: actorOf(spki), at };
    const evidenceSha256 = toHex(sha256(evidence.quote));
    const applicant = { name, labels, spki, evidenceSha256, approved };
    const outcome = await database.transaction(async (queries) => {
      const admission = await admitAgent(queries, applicant, randomId(), deed);
      if (admission.kind === 'claimed') return admission;
      const { agent } = admission;
      await keepAppraisal(queries, agent.id, evidenceSha256, judgement, at);
      const event = {
        outcome: judgement.warned ? 'warned' : 'accepted',
        subject: `agent:${agent.id}`,
        facts: { ...factsOf(request), policies: namesOf(judgement) },
      } as const;
      await this.#record(queries, request, event, at);
      return admission;
    });
    if (outcome.kind === 'claimed') throw nameTaken(name, outcome.keySha256);
    return { agent: outcome.agent, warned: judgement.warned };
  }

  /** Before the agent is told. Where that fails, the agent hears of the failure, and is not let in either. */
  async #recordRefusal(request: RegistrationRequest, error: unknown): Promise<void> {
    if (!(error instanceof RefusedAgent) && !isCoded(error)) return;
    const failed = error instanceof RefusedAgent ? failedCheck(error) : undefined;
    const event = {
      outcome: 'refused',
      subject: `name:${request.name}`,
      code: error.code,
      facts: { ...factsOf(request), ...(failed === undefined ? {} : { failed_check: failed }) },
    } as const;
    const at = this.#options.clock();
    await this.#options.database.transaction((queries) =>
      this.#record(queries, request, event, at),
    );
  }

  async #record(
    queries: Queries,
    { spki, nonce, evidence }: RegistrationRequest,
    event: Pick<AuditEvent, 'outcome' | 'subject' | 'facts' | 'code'>,
    at: Date,
  ): Promise<void> {
    const inputs = {
      nonce: toHex(sha256(nonce)),
      quote: toHex(sha256(evidence.quote)),
      event_log: toHex(sha256(utf8(canonicalJson(evidence.eventLog)))),
    };
    const entry = { ...event, actor: actorOf(spki), action: 'agent.register', inputs } as const;
    await appendAudit(queries, entry, at);
  }
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}

function actorOf(spki: Uint8Array): string {
  return `key:${toHex(sha256(spki))}`;
}

function factsOf({ name, labels }: RegistrationRequest): AuditEvent['facts'] {
  return { name, labels: labels.join(' ') };
}

function namesOf({ policies }: Judgement): string {
  return policies
    .map(({ policy, version, mode, accepted }) => {
      return `${policy}@${String(version)} ${mode} ${accepted ? 'accepts' : 'refuses'}`;
    })
    .join(', ');
}

function failedCheck({ policies }: RefusedAgent): string {
  const refused = policies.flatMap(({ policy, checks }) =>
    checks.filter(({ result }) => result === 'refused').map(({ name }) => `${policy}: ${name}`),
  );
  return refused.slice(0, MAX_NAMED_CHECKS).join(', ');
}

/** The rest is in the answer to the agent. */
const MAX_NAMED_CHECKS = 8;

function nameTaken(name: string, keySha256: string): FleetError {
  return new FleetError('ERR_FLEET_NAME_TAKEN', `the name ${name} belongs to another key`, {
    expected: 'the key that the name belongs to',
    seen: keySha256,
    hint: 'an operator who knows this machine can approve its key; then it registers again',
  });
}
