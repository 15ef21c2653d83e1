// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import type { EnrolmentAnswer, EnrolmentNonce, EnrolmentRequest } from '@proofgate/api';
import {
  encodePem,
  fromBase64,
  parseCertificate,
  sha256,
  toBase64,
  toHex,
} from '@proofgate/evidence';
import type { Logger } from '@proofgate/daemon';
import type { CollateralInput } from '@proofgate/verifier';
import { readCertificateRequest } from '../authorities/certificate-request.ts';
import type { CaIdentity } from '../authorities/ca-request.ts';
import { CaError } from '../errors.ts';
import { issueIntermediary } from '../operator/issue-intermediary.ts';
import type { OperatorCa } from '../operator/operator-ca.ts';
import { HostHistory } from './host-history.ts';
import { rulesFor, type EnrolmentRule } from './enrolment-rule.ts';
import { judgeMachine, type MachineEvidence } from './judge-machine.ts';
import { NonceBook } from './nonce-book.ts';

/** What deciding about enrolments takes. */
export interface EnrolmentAuthorityOptions {
  readonly ca: OperatorCa;
  readonly root: CaIdentity;
  readonly rules: readonly EnrolmentRule[];
  /** Where collateral comes from; without it, the collateral that requests bring. */
  readonly collateral?: CollateralInput;
  readonly crlUrls: readonly string[];
  /** Most certificates that one host gets in 24 hours. */
  readonly perHostPerDay: number;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** Gives machines their intermediaries, on the strength of evidence alone. */
export class EnrolmentAuthority {
  readonly #options: EnrolmentAuthorityOptions;
  readonly #nonces: NonceBook;
  readonly #history: HostHistory;

  constructor(options: EnrolmentAuthorityOptions) {
    this.#options = options;
    this.#nonces = new NonceBook(options);
    this.#history = new HostHistory(options.ca.journal, options.perHostPerDay);
  }

  /** What the next request's evidence has to cover. */
  nonce(): EnrolmentNonce {
    const { nonce, expiresAt } = this.#nonces.issue();
    return { nonce: toBase64(nonce), expires_at: expiresAt.toISOString() };
  }

  /**
   * Decides about a request: nonce, host, key, evidence, policy; then signs, journals and releases.
   *
   * @returns the certificate with its chain
   * @throws CaError `ERR_CA_NONCE`, `ERR_CA_HOST_NOT_ENROLLED`, `ERR_CA_REQUEST_INVALID`, `ERR_CA_EVIDENCE_BINDING`,
   *   `ERR_CA_BUSY` for a host that had its share, `ERR_CA_JOURNAL_FAILED` and those of signing; RefusedByPolicy; VerifierError and EvidenceError for evidence that is
   *   not genuine
   */
  async enrol(request: EnrolmentRequest): Promise<EnrolmentAnswer> {
    const nonce = fromBase64(request.nonce);
    // First: a nonce is worth one attempt, whatever else is wrong.
    const { issuedAt } = this.#nonces.redeem(nonce);
    const rules = rulesFor(this.#options.rules, request.host);
    if (rules.length === 0) throw notEnrolled(request.host);
    const publicKey = readCertificateRequest(fromBase64(request.request));
    const quote = fromBase64(request.quote);
    const rule = await this.#firstThatAccepts(rules, {
      binding: { purpose: request.purpose, host: request.host, spki: spkiOf(publicKey), nonce },
      quote,
      collateral: this.#options.collateral ?? request.collateral,
      nonceIssuedAt: issuedAt,
      at: this.#options.clock(),
    });
    const { host, purpose } = request;
    const before = this.#history.live(host, this.#options.clock());
    const answer = await this.#history.within(host, this.#options.clock(), () =>
      this.#issue(host, publicKey, rule, toHex(sha256(quote))),
    );
    if (purpose === 'enrol' && before.length > 0) {
      this.#options.logger.warn(
        { host, serial: answer.serial, others: before.slice(-MAX_OTHERS) },
        'the host has another intermediary that is good: revoke it if its machine is not this one',
      );
    }
    return answer;
  }

  /** The refusal of the last one is told when none accepts. */
  async #firstThatAccepts(
    rules: readonly EnrolmentRule[],
    evidence: MachineEvidence,
  ): Promise<EnrolmentRule> {
    let refusal: unknown;
    for (const rule of rules) {
      try {
        await judgeMachine(evidence, rule.policy);
        return rule;
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  }

  async #issue(
    host: string,
    publicKey: KeyObject,
    { days }: EnrolmentRule,
    evidenceSha256: string,
  ): Promise<EnrolmentAnswer> {
    const { ca, root, crlUrls, clock } = this.#options;
    const { certificate, serial } = await issueIntermediary(ca, {
      root,
      publicKey,
      commonName: `Proofgate intermediary ${host}`.slice(0, MAX_COMMON_NAME),
      permittedDomains: [host],
      crlUrls,
      days,
      at: clock(),
      key: 'requested',
      evidenceSha256,
    });
    return {
      chain: encodePem('CERTIFICATE', certificate) + encodePem('CERTIFICATE', root.certificate),
      serial,
      not_after: parseCertificate(certificate).notAfter.toISOString(),
    };
  }
}

/** Of those that a host still has, a log line names so many: the latest. */
const MAX_OTHERS = 10;

/** RFC 5280, appendix A.1, ub-common-name. */
const MAX_COMMON_NAME = 64;

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

function notEnrolled(host: string): CaError {
  return new CaError('ERR_CA_HOST_NOT_ENROLLED', `no rule of this CA is about ${host}`, {
    expected: 'a host that a rule names',
    seen: host,
    hint: 'add it to the hosts of a rule in the configuration of `proofgate ca serve`',
  });
}
