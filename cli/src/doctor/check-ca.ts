// SPDX-License-Identifier: Apache-2.0
import type { PlatformConfig } from '@proofgate/api';
import { CaError, loadIssuer } from '@proofgate/ca';
import { DaemonError } from '@proofgate/daemon';

import { CliError } from '../errors.ts';
import { readSecret, readText } from '../input/input-file.ts';
import { findingOf, healthy, type DoctorCheck } from './check.ts';

const NAME = 'ca';

/** Looks at the CA of a VM: whether its key is private, and whether leaves can be issued with it. */
export async function checkCa(
  { ca_cert: certificate, ca_key: key }: Pick<PlatformConfig, 'ca_cert' | 'ca_key'>,
  at: Date,
): Promise<DoctorCheck> {
  try {
    const privateKeyPem = await readSecret(key);
    const certificatePem = await readText(certificate);
    const issuer = loadIssuer({ certificatePem, privateKeyPem, at });
    const { subject, notAfter } = issuer.certificate;
    return healthy(NAME, `${subject.text} can issue until ${notAfter.toISOString()}`);
  } catch (error) {
    if (error instanceof CaError || error instanceof DaemonError || error instanceof CliError) {
      return findingOf(NAME, error, 'make an intermediary for this VM: proofgate ca intermediary');
    }
    throw error;
  }
}
