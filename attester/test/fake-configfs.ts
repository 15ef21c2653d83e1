// SPDX-License-Identifier: Apache-2.0
import type { ConfigfsReport, ConfigfsReports } from '@proofgate/attester';

/** How this kernel differs from a healthy one. Lists are consumed one entry a read; then all is well. */
export interface Misbehaviour {
  /** System errors of making a report directory. */
  readonly create?: string[];
  /** System errors of reading `outblob`. */
  readonly outblob?: string[];
  /** For each write of `inblob`: whether the commit at close is silently dropped. */
  readonly dropCommit?: boolean[];
  /** For each read of `outblob`: whether somebody else writes to the same directory meanwhile. */
  readonly foreignWrite?: boolean[];
  readonly provider?: string;
}

/** The driver behind the interface: makes what `outblob` returns from what `inblob` got. */
export type MakeReport = (inblob: Uint8Array) => Promise<Uint8Array>;

/**
 * configfs-tsm as Linux 6.7 implements it, in memory: one directory a report, a counter of accepted writes, a value
 * committed when the file is closed, a report made when `outblob` is read and then cached for that generation.
 */
export class FakeConfigfs implements ConfigfsReports {
  readonly names: string[] = [];
  readonly present: Set<string> = new Set<string>();
  readonly #make: MakeReport;
  readonly #misbehaviour: Misbehaviour;
  readonly #auxblob: Uint8Array;

  constructor(
    make: MakeReport,
    misbehaviour: Misbehaviour = {},
    auxblob: Uint8Array = new Uint8Array(),
  ) {
    this.#make = make;
    this.#misbehaviour = misbehaviour;
    this.#auxblob = auxblob;
  }

  async create(name: string): Promise<ConfigfsReport> {
    failNext(this.#misbehaviour.create);
    if (this.present.has(name)) throw systemError('EEXIST');
    this.names.push(name);
    this.present.add(name);
    return this.#directory(name);
  }

  #directory(name: string): ConfigfsReport {
    let generation = 0;
    let inblob: Uint8Array | undefined;
    let cached: { generation: number; outblob: Uint8Array } | undefined;

    const outblob = async (): Promise<Uint8Array> => {
      failNext(this.#misbehaviour.outblob);
      if (inblob?.length !== 64) throw systemError('EINVAL');
      if (cached?.generation !== generation) {
        cached = { generation, outblob: await this.#make(inblob) };
      }
      const answer = cached.outblob;
      if (this.#misbehaviour.foreignWrite?.shift() === true) generation += 1;
      return answer;
    };

    return {
      read: async (attribute, maxBytes) => {
        if (!this.present.has(name)) throw systemError('ENOENT');
        const content = await this.#read(attribute, generation, outblob);
        if (content.length > maxBytes) throw systemError('EFBIG');
        return content;
      },
      write: async (attribute, value) => {
        if (attribute !== 'inblob') throw systemError('EACCES');
        if (this.#misbehaviour.dropCommit?.shift() === true) return;
        inblob = new Uint8Array(value);
        generation += 1;
      },
      remove: async () => {
        if (!this.present.delete(name)) throw systemError('ENOENT');
      },
    };
  }

  async #read(
    attribute: string,
    generation: number,
    outblob: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    switch (attribute) {
      case 'provider':
        return Buffer.from(`${this.#misbehaviour.provider ?? 'tdx_guest'}\n`);
      case 'generation':
        return Buffer.from(`${String(generation)}\n`);
      case 'outblob':
        return outblob();
      case 'auxblob':
        return this.#auxblob;
      default:
        throw systemError('ENOENT');
    }
  }
}

/** An error as `node:fs` throws it. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as the kernel says`), { code });
}

function failNext(errors: string[] | undefined): void {
  const code = errors?.shift();
  if (code !== undefined) throw systemError(code);
}
