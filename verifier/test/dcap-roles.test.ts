// SPDX-License-Identifier: Apache-2.0
import {
  type AuthorityCertificate,
  basicConstraintsExtension,
  type CertificateExtension,
  keyUsageExtension,
  parseAuthorityCertificate,
  parseCertificate,
  parseQuote,
  toHex,
} from '@proofgate/evidence';
import { createSimulatedPlatform, type PlatformDescription } from '@proofgate/simulator';
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import { describe, expect, it } from 'vitest';
import { checkRole, type DcapRole } from '../src/dcap/certificate-role.ts';
import { dcapIssuer, verifyDcapIssuer } from '../src/dcap/dcap-issuer.ts';
import { type PckChain, readChain } from '../src/dcap/issuer-chain.ts';
import { verifyPck } from '../src/dcap/verify-pck.ts';
import { checkAuthority, checkEndEntity } from '../src/x509/authority.ts';
import { caExtensions, issue, keyPair } from './private-pki.ts';
import { refusal } from './refusal.ts';

const AT = new Date('2026-06-01T12:00:00Z');
const leaf = [basicConstraintsExtension({ ca: false }), keyUsageExtension(['digitalSignature'])];
const unknown = (critical: boolean): CertificateExtension => ({
  oid: '1.2.3.4',
  critical,
  value: Uint8Array.of(5, 0),
});

const check = async (
  role: DcapRole,
  commonName: string,
  extensions: readonly CertificateExtension[],
) =>
  refusal(() => {
    checkRole(parseCertificate(issue({ commonName, extensions }).certificate), role);
  });

describe('a certificate of Intel’s PKI', () => {
  it.each<[DcapRole, string, readonly CertificateExtension[]]>([
    ['root', 'Intel SGX Root CA', caExtensions(1)],
    ['pck-ca', 'Intel SGX PCK Platform CA', caExtensions(0)],
    ['pck-ca', 'Intel SGX PCK Processor CA', caExtensions(0)],
    ['pck', 'Intel SGX PCK Certificate', leaf],
    ['tcb-signer', 'Intel SGX TCB Signing', leaf],
  ])('is a %s by its name and extensions: %s', async (role, commonName, extensions) => {
    expect(await check(role, commonName, extensions)).toBe('accepted');
    expect(await check(role, `${commonName}s`, extensions)).toBe('ERR_CERT_ROLE');
    expect(await check(role, commonName.replace('SGX ', ''), extensions)).toBe('ERR_CERT_ROLE');
    expect(await check(role, commonName, [...extensions, unknown(false)])).toBe('accepted');
    expect(await check(role, commonName, [...extensions, unknown(true)])).toBe(
      'ERR_CERT_CRITICAL_EXTENSION',
    );
    const opposite = extensions === leaf ? caExtensions(0) : leaf;
    expect(await check(role, commonName, opposite)).toBe(
      extensions === leaf ? 'ERR_CERT_IS_A_CA' : 'ERR_CERT_NOT_A_CA',
    );
  });

  it('has a name', async () => {
    const { certificate } = issue({ commonName: 'Intel SGX TCB Signing', extensions: leaf });
    const parsed = parseCertificate(certificate);
    const { commonName: _name, ...subject } = parsed.subject;
    expect(
      await refusal(() => {
        checkRole({ ...parsed, subject }, 'tcb-signer');
      }),
    ).toBe('ERR_CERT_ROLE');
  });
});

describe('the root', () => {
  const verifyRoot = async (certificate: AuthorityCertificate): Promise<void> => {
    const root = await dcapIssuer(certificate, 'root');
    await verifyDcapIssuer(root, root);
  };

  it('has signed itself', async () => {
    const rootWith = (wish: object) =>
      parseAuthorityCertificate(
        issue({ commonName: 'Intel SGX Root CA', extensions: caExtensions(1), ...wish })
          .certificate,
      );
    const signer = keyPair().privateKey;
    expect(await refusal(async () => verifyRoot(rootWith({})))).toBe('accepted');
    expect(await refusal(async () => verifyRoot(rootWith({ signer })))).toBe('ERR_CERT_SIGNATURE');
  });

  it('has a key on P-256', async () => {
    const { certificate } = issue({
      commonName: 'Intel SGX Root CA',
      extensions: caExtensions(1),
      curve: 'P-384',
    });
    await expect(verifyRoot(parseAuthorityCertificate(certificate))).rejects.toMatchObject({
      code: 'ERR_CERT_ALGORITHM',
      expected: 'ec-p256',
      seen: 'unknown',
    });
  });

  it('is a CA, or what it is instead is said', () => {
    const seenOf = (...extensions: CertificateExtension[]) => {
      const parsed = parseCertificate(issue({ commonName: 'x', extensions }).certificate);
      return () => {
        checkAuthority(parsed, 'it', 0);
      };
    };
    expect(seenOf(...caExtensions(0))).not.toThrow();
    expect(seenOf()).toThrow(expect.objectContaining({ seen: 'no basicConstraints' }));
    expect(seenOf(basicConstraintsExtension({ ca: false }))).toThrow(
      expect.objectContaining({ seen: 'CA false' }),
    );
  });
});

describe('an end entity', () => {
  it('says why it is none', () => {
    const checkOf = (...extensions: CertificateExtension[]) => {
      const parsed = parseCertificate(issue({ commonName: 'x', extensions }).certificate);
      return () => {
        checkEndEntity(parsed, 'it');
      };
    };
    expect(checkOf(...leaf)).not.toThrow();
    expect(checkOf(basicConstraintsExtension({ ca: true }))).toThrow(
      expect.objectContaining({ code: 'ERR_CERT_IS_A_CA', seen: 'CA true' }),
    );
    expect(checkOf(keyUsageExtension(['keyCertSign']))).toThrow(
      expect.objectContaining({ code: 'ERR_CERT_IS_A_CA', seen: 'keyCertSign' }),
    );
  });
});

describe('a PCK CA that was issued again', () => {
  it('is looked up on the root’s list, and its PCK on its own', async () => {
    const reissue = ({ certificates, quote }: PlatformDescription): void => {
      const again = { ...certificates.pckCa, notAfter: new Date(AT.getTime() + 86_400_000) };
      certificates.pck.issuer = again;
      quote.chain = [certificates.pck, again, certificates.root];
    };
    const platform = createSimulatedPlatform({ at: AT, alter: reissue });
    const root = { sha256: platform.rootSha256 };
    const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
    const { signature } = parseQuote(await platform.quote(new Uint8Array(64)));
    const chain: PckChain = readChain(signature.certificateChainPem, 3, 'the chain');
    const [pck, ca] = chain;
    const withLists = async (lists: Partial<typeof collateral>) =>
      refusal(async () => verifyPck(chain, { ...collateral, ...lists }, AT));
    const naming = (serial: Uint8Array) => new Map([[toHex(serial), { date: AT }]]);
    const { rootList, pckList } = collateral;
    expect(await withLists({})).toBe('accepted');
    expect(await withLists({ rootList: { ...rootList, revoked: naming(ca.serialNumber) } })).toBe(
      'ERR_CERT_REVOKED',
    );
    expect(await withLists({ pckList: { ...pckList, revoked: naming(pck.serialNumber) } })).toBe(
      'ERR_CERT_REVOKED',
    );
  });
});

describe('an SGX quote', () => {
  const claims = async (attributes: number) => {
    const platform = createSimulatedPlatform({
      at: AT,
      quoteVersion: 3,
      alter: ({ enclave }) => {
        enclave.attributes = enclave.attributes.with(0, attributes);
      },
    });
    const root = { sha256: platform.rootSha256 };
    const collateral = await prepareCollateral(platform.collateral(), { root, at: AT });
    return verifyQuote(await platform.quote(new Uint8Array(64)), collateral, { at: AT });
  };

  it('says whether the enclave can be debugged', async () => {
    expect(await claims(0x15)).toMatchObject({ tee: 'sgx', debug: false });
    expect(await claims(0x17)).toMatchObject({ tee: 'sgx', debug: true });
    expect((await claims(0x15)).tcb).toMatchObject({ module: undefined, current: undefined });
  });
});
