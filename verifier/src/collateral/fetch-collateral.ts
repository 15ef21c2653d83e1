// SPDX-License-Identifier: Apache-2.0
import { type Collateral, EvidenceError, fromUtf8, toHex } from '@proofgate/evidence';
import { VerifierError } from '../errors.ts';
import { JsonFields } from '../json/json-fields.ts';
import { JsonSyntaxError, parseStrictJson, sliceMember } from '../json/strict-json.ts';
import type { CollateralRequest } from './collateral-request.ts';
import { type Fetched, fetchBytes, type FetchOptions } from './fetch-bytes.ts';

/** Which service to ask, and how. */
export interface CollateralServiceOptions extends FetchOptions {
  /** Base URL of Intel's PCS, or of a PCCS, such as `https://pccs.example.com:8081`. */
  readonly url: string;
  /** Intel offers TCB info ahead of its general use. Default `standard`. */
  readonly update?: 'standard' | 'early';
}

/** Intel's provisioning certification service. */
export const INTEL_PCS_URL = 'https://api.trustedservices.intel.com';

// Intel serves its root list apart from the rest, and as DER (Intel SGX PCK certificate and CRL profile, section 1.3).
const INTEL_ROOT_LIST_URL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der';
const API = /\/(?:sgx|tdx)\/certification\/v4\/?$/;
/** The outermost SEQUENCE of DER; hex text begins with the digit 3 instead. */
const DER_SEQUENCE = 0x30;

/**
 * Fetches collateral from Intel's PCS or a PCCS (API version 4). What comes back is not verified; give it to
 * {@link prepareCollateral}.
 *
 * @throws VerifierError `ERR_COLLATERAL_UNAVAILABLE`
 */
export async function fetchCollateral(
  request: CollateralRequest,
  options: CollateralServiceOptions,
): Promise<Collateral> {
  const base = options.url.replace(/\/+$/, '').replace(API, '');
  const update = `update=${options.update ?? 'standard'}`;
  const get = (path: string): Promise<Fetched> => fetchBytes(`${base}/${path}`, options);
  const rootListUrl =
    base === INTEL_PCS_URL ? INTEL_ROOT_LIST_URL : `${base}/sgx/certification/v4/rootcacrl`;
  const [tcbInfo, qeIdentity, pckList, rootList] = await Promise.all([
    get(`${request.tee}/certification/v4/tcb?fmspc=${request.fmspc}&${update}`),
    get(`${request.tee}/certification/v4/qe/identity?${update}`),
    get(`sgx/certification/v4/pckcrl?ca=${request.ca}&encoding=der`),
    fetchBytes(rootListUrl, options),
  ]);
  const tcb = readSigned(tcbInfo, 'tcbInfo');
  const qe = readSigned(qeIdentity, 'enclaveIdentity');
  return {
    pck_crl_issuer_chain: readIssuerChain(pckList, ['SGX-PCK-CRL-Issuer-Chain']),
    root_ca_crl: readList(rootList),
    pck_crl: readList(pckList),
    tcb_info_issuer_chain: readIssuerChain(tcbInfo, [
      'TCB-Info-Issuer-Chain',
      'SGX-TCB-Info-Issuer-Chain',
    ]),
    tcb_info: tcb.document,
    tcb_info_signature: tcb.signature,
    qe_identity_issuer_chain: readIssuerChain(qeIdentity, ['SGX-Enclave-Identity-Issuer-Chain']),
    qe_identity: qe.document,
    qe_identity_signature: qe.signature,
  };
}

// The signature covers the inner object exactly as it was served.
function readSigned(
  { body }: Fetched,
  member: string,
): { readonly document: string; readonly signature: string } {
  try {
    const text = fromUtf8(body);
    const document = sliceMember(text, member);
    const fields = new JsonFields(parseStrictJson(text), () => '', unusable);
    const signature = fields.string('signature', /^[0-9a-fA-F]{128}$/, '64 bytes in hex');
    return document === undefined
      ? unusable(member, 'an object', 'nothing')
      : { document, signature };
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof EvidenceError) {
      unusable(member, 'JSON', error.message);
    }
    throw error;
  }
}

// Header values are PEM with its line ends and spaces percent-encoded.
function readIssuerChain({ header }: Fetched, names: readonly string[]): string {
  const value = names.map((name) => header(name)).find((found) => found !== undefined);
  if (value === undefined) return unusable(names.join(' or '), 'a header', 'nothing');
  try {
    return decodeURIComponent(value);
  } catch {
    return unusable(names.join(' or '), 'percent-encoded PEM', value.slice(0, 40));
  }
}

// Intel answers DER, a PCCS hex text; the first byte tells them apart.
function readList({ body }: Fetched): string {
  if (body[0] === DER_SEQUENCE) return toHex(body);
  const text = Array.from(body, (byte) => String.fromCharCode(byte))
    .join('')
    .trim();
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) return text.toLowerCase();
  return unusable('revocation list', 'DER or hex', text.slice(0, 40));
}

function unusable(what: string, expected: string, seen: string): never {
  throw new VerifierError(
    'ERR_COLLATERAL_UNAVAILABLE',
    `the service’s ${what} is unusable`,
    {
      expected,
      seen,
      hint: 'is the URL that of a PCS or PCCS?',
    },
    'unavailable',
  );
}
