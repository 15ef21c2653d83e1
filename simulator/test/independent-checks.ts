// SPDX-License-Identifier: Apache-2.0
import {
  concatBytes,
  decodePem,
  equalBytes,
  fromHex,
  isAllZero,
  parseCertificate,
  parseCertificateList,
  parsePckExtension,
  parseQuote,
  sha256,
  toHex,
  utf8,
  type Collateral,
  type Quote,
} from '@proofgate/evidence';
import { createPublicKey, verify, X509Certificate, type KeyObject } from 'node:crypto';

/**
 * The signatures, bindings and dates of a quote and its collateral, each looked at alone with node:crypto. This is
 * not a verifier: it has no trust anchor and no TCB logic. It shows that a fault breaks what it says and no more.
 */
export type Check =
  | 'quote parses'
  | 'quote signature'
  | 'key binding'
  | 'QE report signature'
  | 'chain of three'
  | 'chain signatures'
  | 'chain names'
  | 'chain roles'
  | 'chain dates'
  | 'chain under the collateral root'
  | 'PCK not revoked'
  | 'CAs and signers not revoked'
  | 'PCK CRL'
  | 'root CRL'
  | 'CRL dates'
  | 'TCB info signature'
  | 'TCB info signer'
  | 'TCB info dates'
  | 'QE identity signature'
  | 'QE identity dates'
  | 'QE matches identity'
  | 'same FMSPC'
  | 'same TEE'
  | 'module is Intel-like'
  | 'TD attributes';

/** Runs every check; one that throws has failed. */
export function failedChecks(bytes: Uint8Array, collateral: Collateral, at: Date): Check[] {
  const checks = { ...quoteChecks(bytes, collateral, at), ...collateralChecks(collateral, at) };
  return Object.entries(checks)
    .filter(([, check]) => !passes(check))
    .map(([name]) => name as Check);
}

type Checks = Partial<Record<Check, () => boolean>>;

function quoteChecks(bytes: Uint8Array, collateral: Collateral, at: Date): Checks {
  let quote: Quote;
  try {
    quote = parseQuote(bytes);
  } catch {
    return { 'quote parses': () => false };
  }
  const { signature } = quote;
  const chain = certificatesOf(signature.certificateChainPem);
  const [pck] = chain;
  return {
    'quote signature': () =>
      verifyRaw(publicKeyOf(signature.attestationKey), quote.signedRegion, signature.signature),
    'key binding': () =>
      equalBytes(
        signature.qeReport.reportData,
        concatBytes(
          sha256(concatBytes(signature.attestationKey, signature.qeAuthData)),
          new Uint8Array(32),
        ),
      ),
    'QE report signature': () =>
      verifyRaw(pck!.publicKey, signature.qeReportBytes, signature.qeReportSignature),
    'chain of three': () => chain.length === 3,
    'chain signatures': () => signedByNext(chain),
    'chain names': () => chain.every((each, i) => each.issuer === (chain[i + 1] ?? each).subject),
    'chain roles': () =>
      chain.every((each, i) => {
        const { basicConstraints, keyUsage } = parseCertificate(each.raw);
        return i === 0
          ? basicConstraints?.ca === false
          : basicConstraints?.ca === true &&
              basicConstraints.pathLength === i - 1 &&
              keyUsage?.has('keyCertSign') === true;
      }),
    'chain dates': () =>
      chain.every((each) => isWithin(at, new Date(each.validFrom), new Date(each.validTo))),
    'chain under the collateral root': () =>
      equalBytes(chain.at(-1)!.raw, certificatesOf(collateral.pck_crl_issuer_chain).at(-1)!.raw),
    'PCK not revoked': () => !listOf(collateral.pck_crl).revoked.has(serialOf(pck!)),
    'same FMSPC': () =>
      equalBytes(
        parsePckExtension(parseCertificate(pck!.raw)).fmspc,
        fromHex(documentOf(collateral.tcb_info)['fmspc']!),
      ),
    'same TEE': () =>
      documentOf(collateral.tcb_info)['id'] === quote.kind.toUpperCase() &&
      documentOf(collateral.qe_identity)['id'] === (quote.kind === 'tdx' ? 'TD_QE' : 'QE'),
    'QE matches identity': () => qeMatches(quote, documentOf(collateral.qe_identity)),
    'module is Intel-like': () =>
      quote.kind === 'sgx' ||
      (isAllZero(quote.body.mrSignerSeam) &&
        isAllZero(quote.body.seamAttributes) &&
        [1, 3].includes(quote.body.teeTcbSvn[1]!)),
    'TD attributes': () =>
      quote.kind === 'sgx' ||
      (toHex(quote.body.tdAttributes) === '0000001000000000' &&
        isAllZero(quote.body.mrServiceTd ?? new Uint8Array())),
  };
}

function collateralChecks(collateral: Collateral, at: Date): Checks {
  const [pckCa, root] = certificatesOf(collateral.pck_crl_issuer_chain);
  const tcbChain = certificatesOf(collateral.tcb_info_issuer_chain);
  const qeChain = certificatesOf(collateral.qe_identity_issuer_chain);
  const tcbInfo = documentOf(collateral.tcb_info);
  const qeIdentity = documentOf(collateral.qe_identity);
  return {
    'PCK CRL': () => isCrlOf(collateral.pck_crl, pckCa!),
    'root CRL': () => isCrlOf(collateral.root_ca_crl, root!),
    'CRL dates': () =>
      [collateral.pck_crl, collateral.root_ca_crl].every((hex) => {
        const { thisUpdate, nextUpdate } = listOf(hex);
        return isWithin(at, thisUpdate, nextUpdate!);
      }),
    'CAs and signers not revoked': () => {
      const { revoked } = listOf(collateral.root_ca_crl);
      return [pckCa!, tcbChain[0]!, qeChain[0]!].every((each) => !revoked.has(serialOf(each)));
    },
    'TCB info signature': () =>
      verifyRaw(
        tcbChain[0]!.publicKey,
        utf8(collateral.tcb_info),
        fromHex(collateral.tcb_info_signature),
      ),
    'TCB info signer': () =>
      tcbChain.length === 2 &&
      signedByNext(tcbChain) &&
      /CN=SIMULATED SGX TCB Signing/.test(tcbChain[0]!.subject),
    'TCB info dates': () => isDated(tcbInfo, at),
    'QE identity signature': () =>
      verifyRaw(
        qeChain[0]!.publicKey,
        utf8(collateral.qe_identity),
        fromHex(collateral.qe_identity_signature),
      ),
    'QE identity dates': () => isDated(qeIdentity, at),
  };
}

function passes(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function certificatesOf(pem: string): X509Certificate[] {
  return decodePem(pem, 'CERTIFICATE').map((der) => new X509Certificate(der));
}

function signedByNext(chain: readonly X509Certificate[]): boolean {
  return chain.every((each, i) => each.verify((chain[i + 1] ?? each).publicKey));
}

function isCrlOf(hex: string, issuer: X509Certificate): boolean {
  const list = listOf(hex);
  const { subject, subjectKeyId } = parseCertificate(issuer.raw);
  return (
    equalBytes(list.issuer.raw, subject.raw) &&
    equalBytes(list.authorityKeyId!, subjectKeyId!) &&
    list.crlNumber === 1n &&
    verify('sha256', list.tbs, issuer.publicKey, list.signature)
  );
}

function listOf(hex: string): ReturnType<typeof parseCertificateList> {
  return parseCertificateList(fromHex(hex));
}

function serialOf(certificate: X509Certificate): string {
  return toHex(parseCertificate(certificate.raw).serialNumber);
}

function documentOf(text: string): Record<string, string> {
  return JSON.parse(text) as Record<string, string>;
}

function isDated(document: Record<string, string>, at: Date): boolean {
  return isWithin(at, new Date(document['issueDate']!), new Date(document['nextUpdate']!));
}

function isWithin(at: Date, from: Date, until: Date): boolean {
  return from <= at && at <= until;
}

function qeMatches(quote: Quote, identity: Record<string, string>): boolean {
  const { qeReport } = quote.signature;
  const mask = fromHex(identity['attributesMask']!);
  const masked = qeReport.attributes.map((value, i) => value & mask[i]!);
  const lowest = (identity['tcbLevels'] as unknown as { tcb: { isvsvn: number } }[]).at(-1)!;
  return (
    equalBytes(qeReport.mrSigner, fromHex(identity['mrsigner']!)) &&
    qeReport.isvProdId === Number(identity['isvprodid']) &&
    equalBytes(masked, fromHex(identity['attributes']!)) &&
    qeReport.isvSvn >= lowest.tcb.isvsvn
  );
}

function publicKeyOf(point: Uint8Array): KeyObject {
  const [x, y] = [point.slice(0, 32), point.slice(32)].map((half) =>
    Buffer.from(half).toString('base64url'),
  );
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' });
}

function verifyRaw(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
