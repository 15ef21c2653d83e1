// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

/** What can be judged and looked at. */
export const TARGET =
  'https URL, host:port, or a file: certificate chain, quote, SNP report, event log, attestation document';

/** The options of every command that judges evidence, apart from the policy. */
export function addJudgingOptions(command: Command): Command {
  return addTrustOptions(command).option(
    '--at <time>',
    'time of verification, ISO 8601 or Unix seconds (default: now)',
  );
}

/** What is trusted, and where proof of it comes from. */
export function addTrustOptions(command: Command): Command {
  return command
    .option('--ca <file>', 'root of the private PKI that the certificate must chain to')
    .option('--root <file>', 'evidence root to accept instead of the vendors’ pinned ones')
    .option(
      '--collateral <path|url>',
      'bundle file, directory of bundles, PCS/PCCS URL, or for SNP a PEM file of AMD’s chain',
    );
}
