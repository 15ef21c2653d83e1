// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  CA_PATHS,
  enrolmentAnswerSchema,
  enrolmentNonceSchema,
  type EnrolmentAnswer,
} from '@proofgate/api';
import {
  decodePem,
  encodePem,
  enrolmentReportData,
  fromBase64,
  parseCertificate,
  toBase64,
  type Certificate,
  type Collateral,
  type EnrolmentPurpose,
  type ReportData,
} from '@proofgate/evidence';
import { createCertificateRequest } from '../authorities/certificate-request.ts';
import { CaError } from '../errors.ts';
import { openAuthority } from '../issuer/authority.ts';
import { createKeyPair } from '../keys/key-type.ts';
import { askCa, type CaAddress } from './ca-client.ts';

/** What makes evidence in this TD. */
export interface EvidenceSource {
  quote(reportData: ReportData, signal?: AbortSignal): Promise<Uint8Array>;
  /** Collateral that the platform itself supplies, if it does. */
  collateral(): Promise<Collateral | undefined>;
}

/** What asking for an intermediary takes. */
export interface EnrolOptions extends CaAddress {
  readonly purpose: EnrolmentPurpose;
  /** Domain that the intermediary shall be able to issue for. */
  readonly host: string;
  readonly evidence: EvidenceSource;
  readonly clock: () => Date;
  readonly signal?: AbortSignal;
}

/** An intermediary whose key was made here and has never been anywhere else. */
export interface EnrolledIntermediary {
  /** PEM of the intermediary and the root above it. */
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  readonly notAfter: Date;
  /** Content octets of the serial number in hex. */
  readonly serial: string;
}

/**
 * Makes a key, proves to the CA that it was made in this TD, and gets an intermediary for it.
 *
 * @param options - the CA, the host, what makes evidence
 * @returns the intermediary, after checking that it is the one that was asked for
 * @throws CaError `ERR_CA_ENROLMENT_UNAVAILABLE` (try again), `ERR_CA_ENROLMENT_REFUSED` with the CA's reasons,
 *   `ERR_CA_ENROLMENT_INVALID` for an answer that is not what was asked for, `ERR_CA_SERVICE_REFUSED` for a service that
 *   does not prove what is required of it; errors of the evidence source
 */
export async function enrol(options: EnrolOptions): Promise<EnrolledIntermediary> {
  const { purpose, host, evidence, signal } = options;
  const { publicKey, privateKey } = await createKeyPair('P-256');
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const { nonce } = await askCa(options, CA_PATHS.nonces, undefined, enrolmentNonceSchema, signal);
  const reportData = enrolmentReportData({ purpose, host, spki, nonce: fromBase64(nonce) });
  const quote = await evidence.quote(reportData, signal);
  const collateral = await evidence.collateral();
  const request = {
    purpose,
    host,
    nonce,
    request: toBase64(await createCertificateRequest(privateKey, host)),
    quote: toBase64(quote),
    ...(collateral === undefined ? {} : { collateral }),
  };
  const path = CA_PATHS.intermediaries;
  const answer = await askCa(options, path, request, enrolmentAnswerSchema, signal);
  return checkAnswer(answer, privateKey, options);
}

function checkAnswer(
  answer: EnrolmentAnswer,
  privateKey: KeyObject,
  { rootPem, host, clock }: EnrolOptions,
): EnrolledIntermediary {
  try {
    const [certificate, root, ...more] = decodePem(answer.chain, 'CERTIFICATE').map(read);
    const [pinned] = decodePem(rootPem, 'CERTIFICATE').map(read);
    if (certificate === undefined || root === undefined || more.length > 0) {
      throw new Error('it is not an intermediary and its root');
    }
    if (Buffer.compare(root.raw, pinned?.raw ?? Buffer.alloc(0)) !== 0) {
      throw new Error('its root is not the one that this machine trusts');
    }
    // Signature, validity, path length, usage, and that the key is ours.
    openAuthority([certificate, root], privateKey, clock(), 0);
    checkHost(certificate, host);
    return {
      certificatePem:
        encodePem('CERTIFICATE', certificate.raw) + encodePem('CERTIFICATE', root.raw),
      privateKey,
      notAfter: certificate.notAfter,
      serial: answer.serial,
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CaError(
      'ERR_CA_ENROLMENT_INVALID',
      `the CA answered with something else: ${reason}`,
      {
        expected: `an intermediary for ${host} and the key of the request`,
        cause,
      },
    );
  }
}

function checkHost({ nameConstraints, spki }: Certificate, host: string): void {
  const domains = nameConstraints?.permitted.dns ?? [];
  if (!domains.includes(host)) throw new Error(`it may not issue for ${host}`);
  // A key that OpenSSL cannot read would fail at the first leaf instead of here.
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}

function read(der: Uint8Array): Certificate {
  return parseCertificate(der);
}
