// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../shared/data/quotes/', import.meta.url);
const present = existsSync(folder);

if (!present && process.env['CI'] !== undefined) {
  throw new Error(`real evidence is missing: ${folder.pathname}`);
}

/**
 * Why tests on real evidence are skipped; `undefined` if they run. In CI its absence is an error.
 */
export const missingRealData: string | undefined = present
  ? undefined
  : `skipped, ${folder.pathname} is missing`;

/** Title of a suite on real evidence, with the reason if it is skipped. */
export function realTitle(title: string): string {
  return missingRealData === undefined ? title : `${title} (${missingRealData})`;
}

/** A file of real evidence; empty where the folder is missing, so that suites can be declared. */
export function realBytes(path: string): Uint8Array {
  return present ? new Uint8Array(readFileSync(new URL(path, folder))) : new Uint8Array();
}

/** A text file of real evidence. */
export function realText(path: string): string {
  return present ? readFileSync(new URL(path, folder), 'utf8') : '';
}

/** One quote of the manifest. */
export interface RealQuote {
  readonly file: string;
  readonly version: number;
  readonly tee: 'TDX' | 'SGX';
  readonly fmspc: string;
  readonly body_type: number | null;
  readonly tee_tcb_svn: string | null;
  readonly tdattr: string | null;
  readonly trailing_bytes: number;
  readonly len: number;
  readonly pck_valid: readonly [string, string];
}

/** One SNP report of the manifest. */
export interface RealReport {
  readonly name: string;
  readonly report: string;
  readonly leaf: string;
  readonly chain: string;
  readonly version: number;
  readonly signing_key: string;
  readonly debug: boolean;
  readonly vmpl: number;
  readonly reported_tcb: string;
  readonly measurement: string;
  readonly chip_id: string;
}

interface QuoteManifest {
  readonly bundles: Readonly<Record<string, { readonly file: string }>>;
  readonly quotes: readonly RealQuote[];
}

// The manifests are ours; their types are asserted so that a test reads like the data.
const quoteManifest = (
  present ? JSON.parse(realText('manifest.json')) : { bundles: {}, quotes: [] }
) as QuoteManifest;

/** Every real quote. */
export const realQuotes: readonly RealQuote[] = quoteManifest.quotes;

/** File of every real collateral bundle. */
export const realCollateralFiles: readonly string[] = Object.values(quoteManifest.bundles).map(
  ({ file }) => file,
);

/** Every real SNP report. */
export const realReports = (
  present ? JSON.parse(realText('snp/manifest.json')) : []
) as readonly RealReport[];
