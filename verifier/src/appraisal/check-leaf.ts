// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { checkHostname } from '../x509/hostname.ts';
import { certificateWindow, checkWindows } from '../x509/time-window.ts';
import { verifyChain } from '../x509/verify-chain.ts';
import type { AppraisalOptions } from './appraisal-options.ts';
import type { CheckRecorder } from './check-recorder.ts';

/**
 * Verifies the chain of a certificate when the caller named roots for it; otherwise only the leaf's dates and, if
 * asked for, its host name. Evidence does not depend on the chain, but the claims in the certificate's extensions do.
 *
 * @throws VerifierError `ERR_CERT_*`; EvidenceError for bytes that are no certificate
 */
export async function checkLeaf(
  chain: readonly Uint8Array[],
  { caRoots, hostname, usage, at }: AppraisalOptions,
  recorder: CheckRecorder,
): Promise<Certificate> {
  if (caRoots !== undefined) {
    const wanted = {
      ...(hostname === undefined ? {} : { hostname }),
      ...(usage === undefined ? {} : { usage }),
    };
    const verified = await recorder.step(
      'certificate',
      async () => verifyChain(chain, { roots: caRoots, at, ...wanted }),
      ({ path }) => path.map((certificate) => certificate.subject.text).join(' ← '),
    );
    return verified.leaf;
  }
  const leaf = await recorder.step(
    'certificate',
    () => checkLeafAlone(chain[0], hostname, at),
    (certificate) => certificate.subject.text,
  );
  recorder.skipped('certificate.chain', 'no CA was named: the issuer is not verified');
  return leaf;
}

function checkLeafAlone(
  der: Uint8Array | undefined,
  hostname: string | undefined,
  at: Date,
): Certificate {
  if (der === undefined) {
    throw new VerifierError('ERR_CERT_CHAIN_LENGTH', 'the chain is empty');
  }
  const leaf = parseCertificate(der);
  checkWindows([certificateWindow(leaf, 'the leaf')], at);
  if (hostname !== undefined) checkHostname(leaf, hostname);
  return leaf;
}
