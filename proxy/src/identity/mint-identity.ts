// SPDX-License-Identifier: Apache-2.0
import type { Platform } from '@proofgate/attester';
import { createLeafKey, type IssuedLeaf, type Issuer, startOfMinute } from '@proofgate/ca';
import {
  deterministicReportData,
  encodeAttestationDocument,
  EvidenceError,
  formatQuoteTime,
  OID,
  sha256,
  toHex,
  utf8,
  type AttestationDocument,
  type Collateral,
  type ExtensionValue,
} from '@proofgate/evidence';
import { describeCollateral } from '@proofgate/verifier';
import type { IdentitySpec } from './identity-spec.ts';
import { checkMeasuredCa, checkQuotedLog } from './measured-log.ts';

/** A key that was made in this VM, and what proves it. */
export interface Identity {
  /** Serial number of the leaf, hex. */
  readonly id: string;
  /** What it was made for. */
  readonly spec: IdentitySpec;
  /** PKCS #8, PEM. Never logged, never written to disk. */
  readonly privateKey: string;
  /** Leaf first, PEM. */
  readonly chainPem: string;
  /** The leaf's SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Its SHA-256, hex. */
  readonly spkiSha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The attestation document as it is sent. */
  readonly document: Uint8Array;
  /** SHA-256 of the key of the CA that issued the leaf, hex. */
  readonly caSpkiSha256: string;
  /** When the collateral in the document has to be replaced; absent without any. */
  readonly collateralUntil?: Date | undefined;
}

/** What identities are made with. */
export interface MintTools {
  readonly issuer: Issuer;
  readonly platform: Pick<Platform, 'tee' | 'simulated' | 'quotes' | 'collateral'>;
  readonly at: Date;
  readonly lifetimeMs: number;
  readonly signal: AbortSignal;
}

/**
 * Makes an identity: a new P-256 key, a quote over the key and the minute (RA-TLS v1, deterministic mode), a leaf with
 * the host's configuration and that quote, which the document alone has for hosts with evidence for sessions, and the
 * document that explains both.
 *
 * @throws ProxyError ERR_PROXY_EVENT_LOG_BEHIND, ERR_PROXY_CA_NOT_MEASURED when verifiers would refuse the event log
 *   beside this quote or this CA; AttesterError when the quote fails, CaError when the leaf is refused, EvidenceError when the document is
 */
export async function mintIdentity(spec: IdentitySpec, tools: MintTools): Promise<Identity> {
  const { spki, privateKeyPem } = createLeafKey();
  const notBefore = startOfMinute(tools.at);
  const quote = await quoteFor(spec, spki, notBefore, tools);
  const leaf = tools.issuer.issueLeaf({
    spki,
    names: [spec.hostname],
    notBefore,
    lifetimeMs: tools.lifetimeMs,
    extensions: spec.attestation === 'session' ? spec.extensions : [quote, ...spec.extensions],
    purpose: 'server',
  });
  const collateral = await tools.platform.collateral();
  return {
    id: toHex(leaf.serialNumber),
    spec,
    privateKey: privateKeyPem,
    chainPem: leaf.chainPem,
    spki,
    spkiSha256: toHex(sha256(spki)),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    document: utf8(documentFor(spec, leaf, quote.value, tools, collateral)),
    caSpkiSha256: toHex(sha256(tools.issuer.certificate.spki)),
    collateralUntil: endOf(collateral),
  };
}

/** Verifiers judge what is stapled; here it is only looked at, and an unreadable one stops nothing. */
function endOf(collateral: Collateral | undefined): Date | undefined {
  try {
    return collateral === undefined ? undefined : describeCollateral(collateral).nextUpdate;
  } catch {
    return undefined;
  }
}

async function quoteFor(
  spec: IdentitySpec,
  spki: Uint8Array,
  notBefore: Date,
  { platform, issuer, signal }: MintTools,
): Promise<ExtensionValue> {
  checkMeasuredCa(spec.eventLog, issuer.certificate);
  const reportData = deterministicReportData(spki, notBefore);
  const value = await platform.quotes.quote(reportData, signal);
  // Only a TD measures the log.
  if (platform.tee === 'tdx') checkQuotedLog(spec.eventLog, value);
  return { oid: platform.tee === 'tdx' ? OID.tdxQuote : OID.snpReport, value };
}

function documentFor(
  spec: IdentitySpec,
  leaf: IssuedLeaf,
  quote: Uint8Array,
  { platform }: MintTools,
  collateral: Collateral | undefined,
): string {
  const document: AttestationDocument = {
    version: 1,
    host: spec.hostname,
    tee: platform.tee,
    simulated: platform.simulated,
    certificateChain: leaf.chain,
    quote,
    quoteTime: formatQuoteTime(leaf.notBefore),
    eventLog: spec.eventLog,
    manifests: spec.manifests,
    ...(collateral === undefined ? {} : { collateral }),
  };
  if (spec.ccel === undefined) return encodeAttestationDocument(document);
  try {
    return encodeAttestationDocument({ ...document, ccel: spec.ccel });
  } catch (error) {
    // Firmware logs are padded to the size of their area; a host is better served without one than not at all.
    if (!(error instanceof EvidenceError) || error.code !== 'ERR_DOCUMENT_TOO_LARGE') throw error;
    return encodeAttestationDocument(document);
  }
}
