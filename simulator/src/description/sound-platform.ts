// SPDX-License-Identifier: Apache-2.0
import { EMPTY_REGISTER, fromHex, QE_VENDOR_INTEL, type SgxReport } from '@proofgate/evidence';
import type { PlatformIdentity } from '../platform-identity.ts';
import type { SigningKey } from '../signing-key.ts';
import type {
  CertificateDescription,
  CrlDescription,
  PlatformCertificates,
  PlatformDescription,
  QuotingEnclaveDescription,
} from './platform-description.ts';
import { simulatedIdentifier, simulatedMeasurement } from './simulated-bytes.ts';
import { COLLATERAL_PERIOD, sgxCollateral, tdxCollateral } from './sound-collateral.ts';
import { SOUND_PCE_SVN, SOUND_PCK_SVNS, SOUND_QE_SVN, SOUND_TEE_TCB_SVN } from './sound-tcb.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Certificates begin well before the platform is made, so that a verifier may look back in time. */
const CERTIFICATE_AGE_MS = 2 * YEAR_MS;
/** How much longer each is valid, about as with Intel's. */
const LIFETIME_MS = { root: 24 * YEAR_MS, ca: 13 * YEAR_MS, leaf: 5 * YEAR_MS } as const;

/** Nothing answers there: simulated collateral comes from the simulator itself. */
const CRL_HOST = 'https://simulated-pcs.invalid';
const ROOT_CRL_URL = `${CRL_HOST}/IntelSGXRootCA.der`;
const PCK_CRL_URL = `${CRL_HOST}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`;

/** SGX attributes of a production quoting enclave: INIT, MODE64BIT, PROVISIONKEY; then XFRM: x87, SSE, AVX. */
const SGX_ATTRIBUTES = fromHex('15000000000000000700000000000000');
/** TD attribute SEPT_VE_DISABLE (bit 28), as every Linux guest sets it. */
const TD_ATTRIBUTES = fromHex('0000001000000000');
/** XFAM as seen on most machines of the same kind: x87, SSE, AVX, AVX-512, PKRU, AMX. */
const TD_XFAM = fromHex('e702060000000000');

/**
 * Describes a sound platform: everything on it is as a verifier wants it.
 *
 * @param identity - its keys and dates
 * @returns a draft, to be altered before it is signed
 */
export function soundPlatform(identity: PlatformIdentity): PlatformDescription {
  const { madeAt: at, keys } = identity;
  const certificates = soundCertificates(identity);
  const { root, pckCa, pck } = certificates;
  const quotingEnclaves = {
    tdx: quotingEnclave('TD quoting enclave', 2, keys.attestation, pck),
    sgx: quotingEnclave('SGX quoting enclave', 1, keys.attestation, pck),
  };
  const subject = { at, fmspc: fromHex(identity.fmspc), certificates };
  return {
    at,
    certificates,
    rootCrl: revocationList(root),
    pckCrl: revocationList(pckCa),
    collateral: {
      tdx: tdxCollateral({ ...subject, quotingEnclave: quotingEnclaves.tdx.report }),
      sgx: sgxCollateral({ ...subject, quotingEnclave: quotingEnclaves.sgx.report }),
    },
    quotingEnclaves,
    quote: {
      version: 4,
      bodyType: 3,
      vendorId: QE_VENDOR_INTEL,
      userData: new Uint8Array(20),
      signedBy: keys.attestation,
      chain: [pck, pckCa, root],
      paddingBytes: 0,
    },
    td: soundTd(),
    enclave: enclaveReport('an SGX enclave', 1, 1),
  };
}

function soundTd(): PlatformDescription['td'] {
  return {
    teeTcbSvn: Uint8Array.from(SOUND_TEE_TCB_SVN),
    mrSeam: simulatedMeasurement('TDX module'),
    mrSignerSeam: EMPTY_REGISTER,
    seamAttributes: new Uint8Array(8),
    tdAttributes: TD_ATTRIBUTES,
    xfam: TD_XFAM,
    mrTd: simulatedMeasurement('firmware (MRTD)'),
    mrConfigId: EMPTY_REGISTER,
    mrOwner: EMPTY_REGISTER,
    mrOwnerConfig: EMPTY_REGISTER,
    rtmr: [
      simulatedMeasurement('firmware configuration (RTMR0)'),
      simulatedMeasurement('boot loader and kernel (RTMR1)'),
      simulatedMeasurement('kernel command line and initrd (RTMR2)'),
      EMPTY_REGISTER,
    ],
    teeTcbSvn2: Uint8Array.from(SOUND_TEE_TCB_SVN),
    mrServiceTd: EMPTY_REGISTER,
  };
}

function soundCertificates(identity: PlatformIdentity): PlatformCertificates {
  const { madeAt, keys, rootCertificate } = identity;
  const notBefore = new Date(madeAt.getTime() - CERTIFICATE_AGE_MS);
  const until = (lifetimeMs: number): Date => new Date(madeAt.getTime() + lifetimeMs);
  const root: CertificateDescription = {
    commonName: 'SIMULATED SGX Root CA',
    key: keys.root,
    notBefore,
    notAfter: until(LIFETIME_MS.root),
    basicConstraints: { ca: true, pathLength: 1 },
    keyUsage: ['keyCertSign', 'cRLSign'],
    crlUrl: ROOT_CRL_URL,
    ...(rootCertificate !== undefined && { encoded: rootCertificate }),
  };
  const pckCa: CertificateDescription = {
    commonName: 'SIMULATED SGX PCK Platform CA',
    key: keys.pckCa,
    issuer: root,
    notBefore,
    notAfter: until(LIFETIME_MS.ca),
    basicConstraints: { ca: true, pathLength: 0 },
    keyUsage: ['keyCertSign', 'cRLSign'],
    crlUrl: ROOT_CRL_URL,
  };
  const leaf = {
    notBefore,
    notAfter: until(LIFETIME_MS.leaf),
    basicConstraints: { ca: false },
  };
  return {
    root,
    pckCa,
    pck: {
      ...leaf,
      commonName: 'SIMULATED SGX PCK Certificate',
      key: keys.pck,
      issuer: pckCa,
      keyUsage: ['digitalSignature', 'nonRepudiation'],
      crlUrl: PCK_CRL_URL,
      pck: pckExtension(identity),
    },
    tcbSigner: {
      ...leaf,
      commonName: 'SIMULATED SGX TCB Signing',
      key: keys.tcbSigner,
      issuer: root,
      keyUsage: ['digitalSignature', 'nonRepudiation'],
      crlUrl: ROOT_CRL_URL,
    },
  };
}

function pckExtension({
  fmspc,
  keys,
}: PlatformIdentity): NonNullable<CertificateDescription['pck']> {
  return {
    // Both identify one machine, so they follow from a key that only this platform has.
    ppid: keys.pck.keyId.slice(0, 16),
    platformInstanceId: keys.pckCa.keyId.slice(0, 16),
    tcb: {
      components: [...SOUND_PCK_SVNS],
      pceSvn: SOUND_PCE_SVN,
      cpuSvn: Uint8Array.from(SOUND_PCK_SVNS),
    },
    pceId: new Uint8Array(2),
    fmspc: fromHex(fmspc),
    sgxType: 'scalable',
    configuration: { dynamicPlatform: true, cachedKeys: true, smtEnabled: true },
  };
}

function revocationList(issuer: CertificateDescription): CrlDescription {
  return { issuer, period: { ...COLLATERAL_PERIOD }, number: 1n, revoked: [] };
}

function quotingEnclave(
  name: string,
  isvProdId: number,
  attestationKey: SigningKey,
  pck: CertificateDescription,
): QuotingEnclaveDescription {
  return {
    report: enclaveReport(name, isvProdId, SOUND_QE_SVN),
    authData: Uint8Array.from({ length: 32 }, (_, index) => index),
    attestationKey,
    boundKey: attestationKey,
    signedBy: pck.key,
  };
}

function enclaveReport(
  name: string,
  isvProdId: number,
  isvSvn: number,
): Omit<SgxReport, 'reportData'> {
  return {
    cpuSvn: Uint8Array.from(SOUND_PCK_SVNS),
    miscSelect: 0,
    isvExtProdId: new Uint8Array(16),
    attributes: SGX_ATTRIBUTES,
    mrEnclave: simulatedIdentifier(name, 32),
    mrSigner: simulatedIdentifier(`the signer of the ${name}`, 32),
    configId: new Uint8Array(64),
    isvProdId,
    isvSvn,
    configSvn: 0,
    isvFamilyId: new Uint8Array(16),
  };
}
