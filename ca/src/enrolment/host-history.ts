// SPDX-License-Identifier: Apache-2.0
import { fromBase64, parseCertificate } from '@proofgate/evidence';
import type { Journal } from '../journal/journal.ts';
import type { JournalEntry } from '../journal/journal-entry.ts';
import { CaError } from '../errors.ts';

const DAY_MS = 86_400_000;

/** An intermediary for a host. */
interface Given {
  readonly serial: string;
  /**
   * By the clock of the moment; the journal has a later time when the clock had been ahead before, and would count the
   * certificate for longer than a day.
   */
  readonly notBefore: number;
  readonly notAfter: number;
  /** On the strength of evidence: what an operator issues by hand is not counted. */
  readonly enrolled: boolean;
}

/** Knows from the journal what each host was given, over restarts too; reads each line of it once. */
export class HostHistory {
  readonly #journal: Pick<Journal, 'entries'>;
  readonly #perDay: number;
  readonly #byHost = new Map<string, Given[]>();
  readonly #revoked = new Set<string>();
  /** Requests that passed the limit and are not in the journal yet. */
  readonly #underWay = new Map<string, number>();
  #read = 0;

  /**
   * @param journal - of the CA
   * @param perDay - most certificates that a host gets in 24 hours
   */
  constructor(journal: Pick<Journal, 'entries'>, perDay: number) {
    this.#journal = journal;
    this.#perDay = perDay;
  }

  /**
   * Does what gives a host a certificate, unless it had its share.
   *
   * @throws CaError `ERR_CA_BUSY`; what `work` throws
   */
  async within<T>(host: string, now: Date, work: () => Promise<T>): Promise<T> {
    const underWay = this.#underWay.get(host) ?? 0;
    const age = ({ notBefore }: Given): number => now.getTime() - notBefore;
    const today = this.#of(host).filter(
      (given) => given.enrolled && age(given) >= 0 && age(given) < DAY_MS,
    );
    const seen = underWay + today.length;
    if (seen >= this.#perDay) {
      throw new CaError('ERR_CA_BUSY', `${host} was given too many certificates`, {
        expected: `at most ${String(this.#perDay)} in 24 hours`,
        seen: String(seen),
        hint: 'find out why it enrols so often; per_host_per_day is the limit',
      });
    }
    this.#underWay.set(host, underWay + 1);
    try {
      return await work();
    } finally {
      const left = (this.#underWay.get(host) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(host);
      else this.#underWay.set(host, left);
    }
  }

  /** Serial numbers of the intermediaries of a host that are neither expired nor revoked. */
  live(host: string, now: Date): readonly string[] {
    return this.#of(host)
      .filter(({ serial, notAfter }) => notAfter > now.getTime() && !this.#revoked.has(serial))
      .map(({ serial }) => serial);
  }

  #of(host: string): readonly Given[] {
    const { entries } = this.#journal;
    for (; this.#read < entries.length; this.#read += 1) this.#apply(entries[this.#read]);
    return this.#byHost.get(host) ?? [];
  }

  #apply(entry: JournalEntry | undefined): void {
    if (entry?.event.type === 'revoke') this.#revoked.add(entry.event.serial);
    if (entry?.event.type !== 'issue') return;
    const { serial, certificate, evidence_sha256: evidence } = entry.event;
    const { nameConstraints, notBefore, notAfter } = parseCertificate(fromBase64(certificate));
    const given = {
      serial,
      notBefore: notBefore.getTime(),
      notAfter: notAfter.getTime(),
      enrolled: evidence !== undefined,
    };
    for (const host of nameConstraints?.permitted.dns ?? []) {
      const all = this.#byHost.get(host);
      if (all === undefined) this.#byHost.set(host, [given]);
      else all.push(given);
    }
  }
}
