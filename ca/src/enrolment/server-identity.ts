// SPDX-License-Identifier: Apache-2.0
import {
  deterministicReportData,
  encodePem,
  OID,
  type ExtensionValue,
  type ReportData,
} from '@proofgate/evidence';
import type { CaIdentity } from '../authorities/ca-request.ts';
import { encodePrivateKey } from '../keys/encrypted-private-key.ts';
import { createKeyPair } from '../keys/key-type.ts';
import { createLeafKey, type LeafKey } from '../keys/leaf-key.ts';
import { loadIssuer, type Issuer } from '../issuer/load-issuer.ts';
import { startOfMinute } from '../leaves/leaf-request.ts';
import { issueIntermediary } from '../operator/issue-intermediary.ts';
import type { OperatorCa } from '../operator/operator-ca.ts';

/** Key and certificate chain of a TLS server, as PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

/** What makes evidence about the service itself, where it runs in a TEE. */
export interface ServiceEvidence {
  readonly tee: 'tdx' | 'sev-snp';
  quote(reportData: ReportData): Promise<Uint8Array>;
}

/** The service's own intermediary is in memory alone and made again at every start, and before it expires. */
const INTERMEDIARY_DAYS = 30;

/** It is replaced when less than this is left: leaves live a day, and the CA has two more to be mended. */
const REISSUE_WITHIN_MS = 3 * 86_400_000;

/**
 * Gives the enrolment service itself a certificate of this CA, so that clients need the root and nothing else. Its
 * intermediary is journalled like any other, and its key never leaves this process.
 *
 * @param ca - the open directory
 * @param root - the root
 * @param host - name of the service
 * @param clock - the current time
 * @param evidence - puts evidence into each leaf (RA-TLS), for machines that demand it; none unless given
 * @returns makes a fresh leaf, good for a day, of an intermediary that is replaced in time
 */
export async function serverIdentities(
  ca: OperatorCa,
  root: CaIdentity,
  host: string,
  clock: () => Date,
  evidence?: ServiceEvidence,
): Promise<() => Promise<ServerIdentity>> {
  let issuer = await ownIssuer(ca, root, host, clock());
  return async () => {
    const now = clock();
    const { notBefore: from, notAfter } = issuer.certificate;
    // With a clock that was set back, it is from the future.
    if (now < from || notAfter.getTime() - now.getTime() < REISSUE_WITHIN_MS) {
      issuer = await ownIssuer(ca, root, host, now);
    }
    const leaf = createLeafKey();
    const notBefore = startOfMinute(now);
    const issued = issuer.issueLeaf({
      spki: leaf.spki,
      names: [host],
      notBefore,
      extensions: evidence === undefined ? [] : [await evidenceFor(evidence, leaf, notBefore)],
      purpose: 'server',
    });
    return { key: leaf.privateKeyPem, cert: issued.chainPem };
  };
}

async function evidenceFor(
  { tee, quote }: ServiceEvidence,
  { spki }: LeafKey,
  notBefore: Date,
): Promise<ExtensionValue> {
  const value = await quote(deterministicReportData(spki, notBefore));
  return { oid: tee === 'tdx' ? OID.tdxQuote : OID.snpReport, value };
}

async function ownIssuer(
  ca: OperatorCa,
  root: CaIdentity,
  host: string,
  at: Date,
): Promise<Issuer> {
  const { publicKey, privateKey } = await createKeyPair('P-256');
  const { certificate } = await issueIntermediary(ca, {
    root,
    publicKey,
    commonName: `Proofgate enrolment ${host}`.slice(0, 64),
    permittedDomains: [host],
    days: INTERMEDIARY_DAYS,
    at,
    key: 'generated',
  });
  return loadIssuer({
    certificatePem: encodePem('CERTIFICATE', certificate),
    privateKeyPem: encodePrivateKey(privateKey),
    at,
  });
}
