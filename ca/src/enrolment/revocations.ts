// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { CaIdentity } from '../authorities/ca-request.ts';
import type { OperatorCa } from '../operator/operator-ca.ts';
import { publishRevocations, type PublishedList } from '../operator/publish-revocations.ts';
import { revokeCertificate, type RevokeOptions } from '../operator/revoke-certificate.ts';

/** What keeping a revocation list takes. */
export interface RevocationsOptions {
  readonly ca: OperatorCa;
  readonly root: CaIdentity;
  /** Validity of a list. */
  readonly days: number;
  readonly clock: () => Date;
  readonly logger: Logger;
}

/** A list that is days old still tells clients what they need; one a day keeps it far from its end. */
const EVERY_MS = 86_400_000;
/** How often it is looked whether a list is due: a machine that slept, or a failure, is made up for within the hour. */
export const REVOCATIONS_CHECK_MS = 3_600_000;

/**
 * Revokes, and signs lists of what is revoked, while a service has the directory of the CA. One thing follows the
 * other: two lists of one number, or two revocations of one certificate, would make the journal unreadable.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #timer: NodeJS.Timeout;
  #signedAt = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: RevocationsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      void this.#publishWhenDue();
    }, REVOCATIONS_CHECK_MS);
    this.#timer.unref();
  }

  /**
   * Signs a list, and another one every day until it is stopped.
   *
   * @throws CaError as `publishRevocations`
   */
  static async start(options: RevocationsOptions): Promise<Revocations> {
    const revocations = new Revocations(options);
    try {
      await revocations.publish();
      return revocations;
    } catch (error) {
      await revocations.stop();
      throw error;
    }
  }

  /**
   * Signs a list now.
   *
   * @throws CaError and DaemonError as `publishRevocations`
   */
  publish(): Promise<PublishedList> {
    return this.#next(() => this.#publish());
  }

  /**
   * Revokes a certificate and signs a list that says so.
   *
   * @throws CaError as `revokeCertificate` and `publishRevocations`
   */
  revoke(what: Omit<RevokeOptions, 'at'>): Promise<PublishedList> {
    const { ca, clock } = this.#options;
    return this.#next(async () => {
      await revokeCertificate(ca, { ...what, at: clock() });
      return this.#publish();
    });
  }

  /** Returns when nothing is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }

  async #publish(): Promise<PublishedList> {
    const { ca, root, days, clock, logger } = this.#options;
    const at = clock();
    const published = await publishRevocations(ca, { root, days, at });
    this.#signedAt = at.getTime();
    const { number, revoked } = published;
    logger.info({ number, revoked }, 'revocation list signed');
    return published;
  }

  async #publishWhenDue(): Promise<void> {
    const { clock, logger } = this.#options;
    const age = clock().getTime() - this.#signedAt;
    // With a clock that was set back, the list is from the future, and clients refuse it.
    if (age >= 0 && age < EVERY_MS) return;
    try {
      await this.publish();
    } catch (error) {
      logger.error({ err: error }, 'the revocation list cannot be signed');
    }
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
