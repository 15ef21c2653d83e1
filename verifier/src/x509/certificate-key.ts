// SPDX-License-Identifier: Apache-2.0
/** Something signed in the X.509 manner. */
export interface SignedObject {
  readonly tbs: Uint8Array;
  /** OID of the signature algorithm. */
  readonly signatureAlgorithm: string;
  /** Content of the BIT STRING. */
  readonly signature: Uint8Array;
}

/** The imported key of a certificate. */
export interface CertificateKey {
  /**
   * Whether `object` was signed by this key.
   *
   * @param what the object, for the message
   * @throws VerifierError `ERR_CERT_ALGORITHM` when it names an algorithm that does not suit the key or that we do not
   * know
   */
  signed(object: SignedObject, what: string): Promise<boolean>;
}
