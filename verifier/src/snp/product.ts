// SPDX-License-Identifier: Apache-2.0
import type { CertificateFields } from '@proofgate/evidence';

/** Components of a TCB version, each with a security patch level of one byte; `spl…` are reserved. */
export type TcbComponent =
  'fmc' | 'bootLoader' | 'tee' | 'snp' | 'spl4' | 'spl5' | 'spl6' | 'spl7' | 'microcode';

/** What differs between processor lines. */
export interface SnpProduct {
  /** As AMD writes it in its certificates. */
  readonly name: string;
  /** Version of the certificates' extensions. */
  readonly structVersion: number;
  /** Components in the order of their bytes in a TCB version. */
  readonly tcbLayout: readonly TcbComponent[];
  /** Bytes of a chip's id in its VCEK; the rest of the 64 in a report are zero. */
  readonly chipIdBytes: number;
  /** CPUID family, which reports name from version 3 on. */
  readonly cpuFamily: number;
}

// AMD specification 57230, tables 9 to 12, and 56860, table 3.
const ZEN_3_AND_4 = {
  structVersion: 0,
  tcbLayout: ['bootLoader', 'tee', 'spl4', 'spl5', 'spl6', 'spl7', 'snp', 'microcode'],
  chipIdBytes: 64,
  cpuFamily: 0x19,
} as const;
const ZEN_5 = {
  structVersion: 1,
  tcbLayout: ['fmc', 'bootLoader', 'tee', 'snp', 'spl5', 'spl6', 'spl7', 'microcode'],
  chipIdBytes: 8,
  cpuFamily: 0x1a,
} as const;

/** Processor lines that we know. */
export const SNP_PRODUCTS: readonly SnpProduct[] = [
  { name: 'Milan', ...ZEN_3_AND_4 },
  { name: 'Genoa', ...ZEN_3_AND_4 },
  { name: 'Turin', ...ZEN_5 },
];

/** The product that a root certificate names, such as `Turin` in `ARK-Turin`; it need not be one that we know. */
export function productOfRoot({ subject }: Pick<CertificateFields, 'subject'>): string | undefined {
  return /^ARK-(.+)$/.exec(subject.commonName ?? '')?.[1];
}
