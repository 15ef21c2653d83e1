// SPDX-License-Identifier: Apache-2.0
import {
  type CertificateExtension,
  type ConfigurationTree,
  deterministicReportData,
  digestRuntimeEvent,
  encodeAttestationDocument,
  encodeAuditManifest,
  type ExtensionValue,
  formatQuoteTime,
  fromHex,
  OID,
  type ReportData,
  type RuntimeEvent,
  sessionReportData,
  sha256,
  toBase64,
  toHex,
  utf8,
  workloadTree,
} from '@proofgate/evidence';
import type { VectorInput } from '../vector-format.ts';
import {
  caExtensions,
  issue,
  newKeys,
  type Party,
  serverExtensions,
  spkiOf,
} from './certificates.ts';
import { AT, type Alteration, DAY_MS, HOUR_MS, type VectorMaker } from './vector-maker.ts';

export const HOSTNAME = 'hello.demo.localhost';
export const IMAGE_DIGEST: string = '5a'.repeat(32);
/** When the host's leaf and quote were made. */
export const QUOTE_TIME: Date = new Date(AT.getTime() - HOUR_MS);

/** How a host differs from a sound one. */
export interface HostWish {
  readonly alter?: Alteration;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** What the quote covers in place of the leaf's key, notBefore and GPU evidence. */
  readonly quoted?: { spki?: Uint8Array; time?: Date; gpuEvidence?: Uint8Array | undefined };
  readonly gpuEvidence?: Uint8Array;
  /** Extensions of the leaf around its quote. */
  readonly evidence?: (quote: Uint8Array) => readonly ExtensionValue[];
  readonly values?: (values: readonly ExtensionValue[]) => readonly ExtensionValue[];
  /** What is extended into RTMR3. */
  readonly measured?: (events: readonly RuntimeEvent[]) => readonly RuntimeEvent[];
  /** Issues the leaf in place of the measured CA. */
  readonly issuer?: Party;
}

/** What both ends of a TLS session know (RA-TLS v2, mode `challenge`). */
export interface SessionSecret {
  readonly context: Uint8Array;
  readonly exported: Uint8Array;
  readonly gpuEvidence?: Uint8Array;
}

/** What a host presents. */
export interface HostEvidence {
  /** Base64 of DER, leaf first. */
  readonly chain: readonly string[];
  /** Base64. */
  readonly quote: string;
  /** The attestation document as JSON, without collateral. */
  readonly document: VectorInput;
}

/** A host with a workload on a simulated platform: its private PKI and its leaf's key stay the same. */
export class HostMaker {
  readonly #maker: VectorMaker;
  readonly #keys = newKeys();
  readonly root: Party;
  readonly ca: Party;
  readonly tree: ConfigurationTree;
  readonly events: readonly RuntimeEvent[];

  constructor(maker: VectorMaker) {
    this.#maker = maker;
    const year = { notBefore: new Date(AT.getTime() - DAY_MS), notAfter: inDays(365) };
    this.root = issue({
      ...year,
      commonName: 'Vector Root',
      keys: newKeys(),
      extensions: caExtensions(1),
    });
    this.ca = this.newCa(newKeys());
    this.tree = workloadTree({
      name: 'hello',
      imageRef: `example.com/hello@sha256:${IMAGE_DIGEST}`,
      imageDigest: fromHex(IMAGE_DIGEST),
    });
    this.events = [
      {
        type: 'proofgate.platform',
        ca_spki_sha256: toHex(sha256(this.ca.spki)),
        runtime_version: 'vectors',
        image_profile: 'production',
        platform_root: '00'.repeat(32),
      },
      {
        type: 'proofgate.workload.load',
        name: 'hello',
        image_ref: 'example.com/hello',
        image_digest: IMAGE_DIGEST,
        config_root: toHex(this.tree.root),
        spec_digest: '11'.repeat(32),
      },
    ];
  }

  /** An intermediate of the private PKI. */
  newCa(keys: Party['keys']): Party {
    return issue({
      commonName: 'Vector CA',
      keys,
      issuer: this.root,
      notBefore: new Date(AT.getTime() - DAY_MS),
      notAfter: inDays(365),
      extensions: caExtensions(0),
    });
  }

  /** What a host presents that differs from a sound one. */
  async host(wish: HostWish = {}): Promise<HostEvidence> {
    const notBefore = wish.notBefore ?? QUOTE_TIME;
    const { gpuEvidence } = wish;
    const covered = { spki: spkiOf(this.#keys), time: notBefore, gpuEvidence, ...wish.quoted };
    const quote = await this.#quote(
      deterministicReportData(covered.spki, covered.time, covered.gpuEvidence),
      wish,
    );
    const issuer = wish.issuer ?? this.ca;
    const leaf = issue({
      commonName: 'hello',
      keys: this.#keys,
      issuer,
      notBefore,
      notAfter: wish.notAfter ?? new Date(notBefore.getTime() + DAY_MS),
      extensions: serverExtensions([HOSTNAME], ...this.#extensions(wish, quote)),
    });
    const chain = [leaf.certificate, issuer.certificate];
    const document = encodeAttestationDocument({
      version: 1,
      host: HOSTNAME,
      tee: 'tdx',
      simulated: true,
      certificateChain: chain,
      quote,
      quoteTime: formatQuoteTime(notBefore),
      eventLog: this.events,
      manifests: { workload: encodeAuditManifest(this.tree) },
    });
    return {
      chain: chain.map(toBase64),
      quote: toBase64(quote),
      // Sound: the text is that of an attestation document.
      document: JSON.parse(document) as VectorInput,
    };
  }

  /** Base64 of a quote for one TLS session, with the key of the leaf or another one. */
  async sessionQuote(session: SessionSecret, spki = spkiOf(this.#keys)): Promise<string> {
    const { context, exported, gpuEvidence } = session;
    return toBase64(await this.#quote(sessionReportData(spki, context, exported, gpuEvidence), {}));
  }

  async #quote(reportData: ReportData, { alter, measured }: HostWish): Promise<Uint8Array> {
    const platform = this.#maker.platform(alter);
    for (const event of measured?.(this.events) ?? this.events) {
      await platform.extend(3, digestRuntimeEvent(event));
    }
    return platform.quote(reportData);
  }

  #extensions(wish: HostWish, quote: Uint8Array): CertificateExtension[] {
    const values: readonly ExtensionValue[] = [
      { oid: OID.workloadRoot, value: this.tree.root },
      { oid: OID.imageDigest, value: fromHex(IMAGE_DIGEST) },
      { oid: OID.imageProfile, value: utf8('production') },
    ];
    const { gpuEvidence } = wish;
    return [
      ...(wish.evidence?.(quote) ?? [{ oid: OID.tdxQuote, value: quote }]),
      ...(gpuEvidence === undefined ? [] : [{ oid: OID.gpuEvidence, value: gpuEvidence }]),
      ...(wish.values?.(values) ?? values),
    ].map((extension) => ({ ...extension, critical: false }));
  }
}

/** A moment some days after the time of verification. */
export function inDays(days: number): Date {
  return new Date(AT.getTime() + days * DAY_MS);
}
