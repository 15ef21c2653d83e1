// SPDX-License-Identifier: Apache-2.0
import type { PckExtension, SgxReport, TdReport } from '@proofgate/evidence';
import type { SigningKey } from '../signing-key.ts';
import type { QeIdentity, TcbInfo } from './tcb-documents.ts';

/**
 * Everything that a simulated platform consists of, before anything is encoded or signed.
 *
 * A description is a draft, so its fields are mutable: `createSimulatedPlatform({ alter })` hands one to the caller,
 * who changes what shall be wrong, and only then signs it. Certificates and keys are referred to by object, so
 * pointing `quote.signedBy` at another key or `quote.chain` at another certificate is all it takes.
 */
export interface PlatformDescription {
  /** When the platform was made: certificates are valid around this time. */
  readonly at: Date;
  certificates: PlatformCertificates;
  rootCrl: CrlDescription;
  pckCrl: CrlDescription;
  /** Collateral for each kind of quote; a TDX platform makes SGX quotes as well. */
  collateral: Record<QuoteKind, CollateralDescription>;
  /** The TD quoting enclave and the SGX one. */
  quotingEnclaves: Record<QuoteKind, QuotingEnclaveDescription>;
  quote: QuoteDescription;
  /** What a TDX quote reports; REPORTDATA and the registers' later values come in when a quote is made. */
  td: Draft<Required<Omit<TdReport, 'version' | 'reportData' | 'extended'>>>;
  /** What an SGX quote reports; REPORTDATA comes in when a quote is made. */
  enclave: Draft<Omit<SgxReport, 'reportData'>>;
}

/** The same with every field assignable. */
export type Draft<T> = { -readonly [Field in keyof T]: T[Field] };

/** What a quote is about. */
export type QuoteKind = 'tdx' | 'sgx';

/** The certificates of a platform. */
export interface PlatformCertificates {
  root: CertificateDescription;
  /** "PCK Platform CA": issues PCK certificates and their revocation list. */
  pckCa: CertificateDescription;
  /** The platform's provisioning certification key. */
  pck: CertificateDescription;
  /** Signs TCB information and enclave identities; directly below the root. */
  tcbSigner: CertificateDescription;
}

/** One certificate. Serial number and key identifiers follow from the key. */
export interface CertificateDescription {
  commonName: string;
  key: SigningKey;
  /** Absent: self-issued. */
  issuer?: CertificateDescription;
  /** The issuer name to write instead of the issuer's own. */
  issuerCommonName?: string;
  notBefore: Date;
  notAfter: Date;
  /** `pathLength` has a meaning for a CA alone. */
  basicConstraints: { ca: boolean; pathLength?: number };
  keyUsage: ('digitalSignature' | 'nonRepudiation' | 'keyCertSign' | 'cRLSign')[];
  crlUrl: string;
  /** The SGX extension of a PCK certificate. */
  pck?: Draft<PckExtension>;
  /** A certificate issued earlier, to be used as it is: altering the fields above does not change it. */
  encoded?: Uint8Array;
}

/** From when to when something is valid, in milliseconds relative to the time of issue. */
export interface Period {
  startsMs: number;
  endsMs: number;
}

/** One revocation list. */
export interface CrlDescription {
  issuer: CertificateDescription;
  /** Absent: the issuer's key. */
  signedBy?: SigningKey;
  period: Period;
  number: bigint;
  revoked: CertificateDescription[];
  /** What to serve in place of the list, hex. */
  served?: string;
}

/** A JSON document that the TCB signer signs. */
export interface SignedDocument<Content> {
  content: Content;
  period: Period;
  signedBy: SigningKey;
  /** The certificates served with it, the signer's first. */
  chain: CertificateDescription[];
}

/** What Intel publishes about a platform's TCB. */
export interface CollateralDescription {
  tcbInfo: SignedDocument<TcbInfo>;
  qeIdentity: SignedDocument<QeIdentity>;
}

/** The enclave that vouches for the attestation key. */
export interface QuotingEnclaveDescription {
  /** Its report; REPORTDATA is computed from `boundKey` and `authData`. */
  report: Draft<Omit<SgxReport, 'reportData'>>;
  authData: Uint8Array;
  /** The attestation key as it stands in the quote. */
  attestationKey: SigningKey;
  /** The key that the report's REPORTDATA covers. */
  boundKey: SigningKey;
  /** Signs the report; on a sound platform the PCK. */
  signedBy: SigningKey;
}

/** The form of the quotes. */
export interface QuoteDescription {
  /** 3 makes SGX quotes, 4 and 5 TDX quotes. */
  version: 3 | 4 | 5;
  /** Version 5: 2 is a TD report 1.0, 3 a TD report 1.5. */
  bodyType: 2 | 3;
  /** Version 5: the body type to write in place of the true one. */
  declaredBodyType?: number;
  /** QE vendor id, 16 bytes. */
  vendorId: Uint8Array;
  /** The last 20 bytes of the header. */
  userData: Uint8Array;
  /** Signs header and body; on a sound platform the attestation key. */
  signedBy: SigningKey;
  /** Versions 4 and 5: the certification data type to write around the QE report in place of 6. */
  declaredCertificationType?: number;
  /** The certificates in the quote, the PCK's first. */
  chain: CertificateDescription[];
  /** Zero bytes after the signature data, as kernels add them. */
  paddingBytes: number;
  /** An offset whose byte is inverted after signing. */
  flippedByteAt?: number;
}
