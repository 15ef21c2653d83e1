// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '@proofgate/daemon';
import type { CaInForce } from '../management/management-target.ts';
import { OneByOne } from '../supervision/one-by-one.ts';
import { watchCa } from './ca-watch.ts';
import type { EventLog } from './event-log.ts';
import type { PlatformFiles } from './platform-files.ts';
import { checkReplacementCa, type ReplacementCa } from './replacement-ca.ts';
import { stageCa, type StagedCa } from './staged-ca.ts';

/** What {@link PresentCa} needs. */
export interface PresentCaOptions {
  /** As they were measured. */
  readonly files: PlatformFiles;
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: EventLog;
  readonly logger: Logger;
  /** Another one is in force. */
  readonly onChange: () => void;
}

/** The intermediary that signs certificates, which may be replaced while the launcher is at work. */
export class PresentCa {
  readonly #options: PresentCaOptions;
  #files: PlatformFiles;
  readonly #adopting = new OneByOne();

  constructor(options: PresentCaOptions) {
    this.#options = options;
    this.#files = options.files;
  }

  /** What files contribute to what is measured, now. */
  get files(): PlatformFiles {
    return this.#files;
  }

  /**
   * Takes what somebody puts in the place of its files.
   *
   * @param signal - ends the watching
   */
  watch(signal: AbortSignal): Promise<void> {
    const { certFile, keyFile, logger } = this.#options;
    return watchCa(
      {
        ...{ certFile, keyFile, logger },
        present: () => this.#files.caCertFile,
        replace: (certificate, key) => this.#adopt(certificate, key, inPlace),
      },
      signal,
    );
  }

  /**
   * Puts another intermediary in force: it is measured, and its files are written.
   *
   * @throws LauncherError ERR_LAUNCHER_CA_INVALID
   */
  replace(certificatePem: string, keyPem: string): Promise<CaInForce> {
    const { certFile, keyFile } = this.#options;
    return this.#adopt(certificatePem, keyPem, ({ caCertFile }) =>
      stageCa({ certFile, keyFile }, { certificatePem: caCertFile, keyPem }),
    );
  }

  /** One after the other: each is compared with the one before it. */
  #adopt(
    certificatePem: string,
    keyPem: string,
    stage: (ca: ReplacementCa) => Promise<StagedCa>,
  ): Promise<CaInForce> {
    return this.#adopting.run(async () => {
      const files = { certificatePem, keyPem };
      const ca = checkReplacementCa(files, this.#files.caCertFile, new Date());
      const staged = await stage(ca);
      try {
        await this.#measure(ca.caSpkiSha256, this.#files.caSpkiSha256);
        await staged.commit().catch(async (error: unknown) => {
          await this.#measure(this.#files.caSpkiSha256, ca.caSpkiSha256);
          throw error;
        });
      } finally {
        await staged.discard();
      }
      const { caCertFile, caSpkiSha256, certificate } = ca;
      this.#files = { ...this.#files, caCertFile, caSpkiSha256 };
      this.#options.onChange();
      const { notBefore, notAfter, subject } = certificate;
      return { commonName: subject.commonName ?? '', notBefore, notAfter };
    });
  }

  /** A renewed certificate for the same key is no event. */
  async #measure(spkiSha256: string, before: string): Promise<void> {
    if (spkiSha256 === before) return;
    await this.#options.log.record({ type: 'proofgate.ca', ca_spki_sha256: spkiSha256 });
  }
}

/** For files that somebody else has put there. */
function inPlace(): Promise<StagedCa> {
  return Promise.resolve({
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  });
}
