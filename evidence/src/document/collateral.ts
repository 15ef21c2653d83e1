// SPDX-License-Identifier: Apache-2.0
import { StrictObject } from '../json/strict-object.ts';

/**
 * Everything that judging a DCAP quote needs besides the quote (Intel PCS API version 4).
 *
 * All of it is signed, so it does not matter who delivers it, provided the verifier checks
 * signatures and dates. Members have the names of the bundle format that DCAP tools exchange.
 */
export interface Collateral {
  /** PEM: the CA that issued the PCK certificate, and the root. */
  readonly pck_crl_issuer_chain: string;
  /** Hex of DER. */
  readonly root_ca_crl: string;
  /** Hex of DER. */
  readonly pck_crl: string;
  /** PEM: TCB signer and root. */
  readonly tcb_info_issuer_chain: string;
  /**
   * The exact bytes that are signed, as text. Never parse and write again before checking the
   * signature.
   */
  readonly tcb_info: string;
  /** r || s as 128 hex digits. */
  readonly tcb_info_signature: string;
  /** PEM: TCB signer and root. */
  readonly qe_identity_issuer_chain: string;
  /** The exact bytes that are signed, as text. */
  readonly qe_identity: string;
  /** r || s as 128 hex digits. */
  readonly qe_identity_signature: string;
}

/** Longest issuer chain. Two certificates have 1.9 KiB. */
const MAX_CHAIN_CHARACTERS: number = 32 * 1024;

/** Longest revocation list in hex: 64 KiB of DER. Intel's have 0.3 to 4 KiB. */
const MAX_CRL_CHARACTERS: number = 128 * 1024;

/** Longest TCB information or QE identity. Those of 2026 have 6 KiB and 1.2 KiB. */
const MAX_JSON_CHARACTERS: number = 128 * 1024;

const SIGNATURE_CHARACTERS = 128;
const HEX = /^([0-9a-fA-F]{2})+$/;

/**
 * Reads a collateral bundle. What is inside the texts is left to the verifier.
 *
 * @param value what `JSON.parse` returned
 * @throws EvidenceError `ERR_COLLATERAL_INVALID`
 */
export function parseCollateral(value: unknown): Collateral {
  const object = new StrictObject(value, 'collateral', 'ERR_COLLATERAL_INVALID');
  const chain = (key: string): string => object.text(key, MAX_CHAIN_CHARACTERS);
  const crl = (key: string): string => object.pattern(key, HEX, 'hex digits', MAX_CRL_CHARACTERS);
  const json = (key: string): string => object.text(key, MAX_JSON_CHARACTERS);
  const signature = (key: string): string =>
    object.pattern(key, /^[0-9a-fA-F]{128}$/, '128 hex digits', SIGNATURE_CHARACTERS);
  const collateral = {
    pck_crl_issuer_chain: chain('pck_crl_issuer_chain'),
    root_ca_crl: crl('root_ca_crl'),
    pck_crl: crl('pck_crl'),
    tcb_info_issuer_chain: chain('tcb_info_issuer_chain'),
    tcb_info: json('tcb_info'),
    tcb_info_signature: signature('tcb_info_signature'),
    qe_identity_issuer_chain: chain('qe_identity_issuer_chain'),
    qe_identity: json('qe_identity'),
    qe_identity_signature: signature('qe_identity_signature'),
  };
  object.finish();
  return collateral;
}
