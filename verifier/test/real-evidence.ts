// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { type Collateral, parseCollateral } from '@proofgate/evidence';

const DATA = new URL('../../../shared/data/quotes/', import.meta.url);

/** Whether the collection of real evidence is there; where tests count, its absence is a mistake. */
export const haveRealEvidence: boolean = existsSync(DATA);
if (!haveRealEvidence && process.env['CI'] !== undefined) {
  throw new Error(`real evidence is missing at ${DATA.pathname}`);
}

/** What is expected of one quote with one bundle. */
export interface ExpectedQuote {
  readonly file: string;
  readonly bundle: string;
  readonly at: Date;
  readonly ok: boolean;
  readonly status?: string;
  readonly current?: string | null;
  readonly platform?: string;
  readonly module?: string | null;
  readonly qe?: string;
  readonly advisories?: readonly string[];
  readonly tcbDate?: string;
  readonly error?: string;
}

/** What is expected of one SNP report. */
export interface ExpectedReport {
  readonly name: string;
  readonly report: string;
  readonly leaf: string;
  readonly chain: string;
  readonly debug: boolean;
  readonly vmpl: number;
  readonly measurement: string;
  readonly chip_id: string;
}

interface Manifest {
  readonly quotes: readonly {
    readonly file: string;
    readonly results: readonly (Omit<ExpectedQuote, 'file' | 'at'> & {
      readonly time_unix: number;
    })[];
  }[];
}

/** A file of the collection. */
export function realFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, DATA)));
}

/** A text file of the collection. */
export function realText(path: string): string {
  return readFileSync(new URL(path, DATA), 'utf8');
}

/** A collateral bundle by its name in the manifest. */
export function realCollateral(bundle: string): Collateral {
  return parseCollateral(JSON.parse(realText(`collateral/${bundle}.json`)));
}

/** The directory of all bundles. */
export const collateralDirectory: string = new URL('collateral/', DATA).pathname;

/** Every quote with every bundle that the manifest has a verdict on. */
export function expectedQuotes(): readonly ExpectedQuote[] {
  if (!haveRealEvidence) return [];
  const manifest = JSON.parse(realText('manifest.json')) as Manifest;
  return manifest.quotes.flatMap(({ file, results }) =>
    results.map(({ time_unix, ...result }) => ({
      ...result,
      file,
      at: new Date(time_unix * 1000),
    })),
  );
}

/** Every SNP report of the collection. */
export function expectedReports(): readonly ExpectedReport[] {
  return haveRealEvidence
    ? (JSON.parse(realText('snp/manifest.json')) as readonly ExpectedReport[])
    : [];
}
