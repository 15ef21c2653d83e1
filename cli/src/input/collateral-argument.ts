// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { endorsementsFromPem, type Fetch, type JudgingOptions } from '@proofgate/verifier';
import { loadCollateral } from '@proofgate/verifier/node';

import { readText } from './input-file.ts';
import type { Progress } from './progress.ts';

/**
 * Reads what `--collateral` names: a bundle or a directory of them, the URL of a PCS or PCCS, or a PEM file with the
 * certificates that vouch for SNP reports.
 *
 * @throws CliError `ERR_CLI_FILE`; VerifierError and EvidenceError as `loadCollateral` and {@link endorsementsFromPem}
 */
export async function readCollateral(
  location: string,
  progress: Progress,
): Promise<Pick<JudgingOptions, 'collateral' | 'endorsements'>> {
  if (await isRegularFile(location)) {
    const text = await readText(location);
    if (text.includes('-----BEGIN CERTIFICATE-----') && !text.trimStart().startsWith('{')) {
      return { endorsements: endorsementsFromPem(text) };
    }
  }
  return { collateral: await loadCollateral(location, { fetch: announced(progress) }) };
}

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function announced(progress: Progress): Fetch {
  return async (url, init) => {
    progress(`fetching ${url}`);
    return fetch(url, init);
  };
}
