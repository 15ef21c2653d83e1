// SPDX-License-Identifier: Apache-2.0
import { parseCollateral } from '@proofgate/evidence';
import { createSimulatedPlatform, SIMULATED_FAULTS } from '@proofgate/simulator';
import { readRealEvidence } from '../system/support/real-evidence.ts';
import type { DifferentialCase } from './verdicts.ts';

/** When the simulated platforms are made and judged. */
const SIMULATED_TIME = new Date('2026-06-01T12:00:00Z');

interface Manifest {
  readonly bundles: Readonly<Record<string, { readonly use_time_unix: number }>>;
  readonly quotes: readonly { readonly file: string }[];
}

/** Every real quote with every real bundle, also those of other platforms, at the bundle's time. */
export function realCases(): DifferentialCase[] {
  // The manifest is ours.
  const manifest = JSON.parse(readRealEvidence('manifest.json').toString()) as Manifest;
  return Object.entries(manifest.bundles).flatMap(([bundle, { use_time_unix: seconds }]) => {
    const text = readRealEvidence(`collateral/${bundle}.json`).toString();
    const collateral = parseCollateral(JSON.parse(text));
    return manifest.quotes.map(({ file }) => ({
      name: `${file} with ${bundle}`,
      quote: new Uint8Array(readRealEvidence(file)),
      collateral,
      at: new Date(seconds * 1000),
    }));
  });
}

/** Every simulated platform, each with one deviation. Keys are new every time; verdicts do not depend on them. */
export function simulatedCases(): Promise<DifferentialCase[]> {
  return Promise.all(
    SIMULATED_FAULTS.map(async (fault) => {
      const platform = createSimulatedPlatform({ at: SIMULATED_TIME, alter: fault.apply });
      return {
        name: `simulated ${fault.id}`,
        quote: await platform.quote(new Uint8Array(64)),
        collateral: platform.collateral(),
        at: SIMULATED_TIME,
        root: platform.rootCertificate,
      };
    }),
  );
}
