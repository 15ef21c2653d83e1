// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { openPlatform, type OpenPlatformOptions } from '@proofgate/attester';
import { encodePrivateKey } from '@proofgate/ca';

import type { CommandContext } from '../context.ts';
import { readText } from '../input/input-file.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';
import { table } from '../output/table.ts';
import { readServiceRequirements } from '../service/service-requirements.ts';

/** Options of `proofgate ca enrol`. */
export interface CaEnrolOptions {
  readonly url: string;
  readonly root: string;
  readonly host: string;
  readonly out: string;
  readonly tee: OpenPlatformOptions['tee'];
  readonly runDir: string;
  /** Policy for the service itself. */
  readonly policy?: string;
  readonly collateral?: string;
}

/**
 * Gets the intermediary of this machine from the CA: makes a key here, proves that it was made in this TD, writes
 * `intermediary.key` and `intermediary.pem`.
 */
export async function caEnrol(options: CaEnrolOptions, context: CommandContext): Promise<void> {
  const { url, host, out, tee, runDir } = options;
  const key = join(out, 'intermediary.key');
  const certificate = join(out, 'intermediary.pem');
  await checkAbsent([key, certificate]);
  const rootPem = await readText(options.root);
  const platform = await openPlatform({ tee, runDir });
  const required = await readServiceRequirements(options, platform, context.now);
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const { enrol } = await import('@proofgate/ca/enrolment');
  const enrolled = await enrol({
    ...{ url, rootPem, host, purpose: 'enrol', clock: context.now },
    ...required,
    evidence: {
      quote: (reportData, signal) => platform.quotes.quote(reportData, signal),
      collateral: () => platform.collateral(),
    },
  });
  await writeNewFiles(out, [
    { path: key, content: encodePrivateKey(enrolled.privateKey), mode: 0o600 },
    { path: certificate, content: enrolled.certificatePem, mode: 0o644 },
  ]);
  context.terminal.out(
    table([
      ['intermediary', certificate],
      ['key', `${key}, made here`],
      ['permitted', host],
      ['valid until', enrolled.notAfter.toISOString()],
      ['platform', platform.simulated ? 'SIMULATED' : platform.tee],
      ['CA', options.policy === undefined ? 'known by its root' : 'accepted by the policy'],
    ]),
  );
}
