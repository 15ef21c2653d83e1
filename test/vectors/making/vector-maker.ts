// SPDX-License-Identifier: Apache-2.0
import {
  type Collateral,
  decodePem,
  parseQuote,
  toBase64,
  toHex,
  type Sha384,
} from '@proofgate/evidence';
import {
  type CertificateDescription,
  createSimulatedPlatform,
  type PlatformCertificates,
  type PlatformDescription,
  type PlatformKeys,
  type SimulatedPlatform,
} from '@proofgate/simulator';

/** The time at which sound vectors are verified. */
export const AT: Date = new Date('2026-06-01T12:00:00Z');
export const MINUTE_MS = 60_000;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;
/** What bare quotes are about. */
export const REPORT_DATA: Uint8Array = new Uint8Array(64).fill(7);

/** Changes the description of a platform before anything is signed. */
export type Alteration = (platform: PlatformDescription) => void;

/** A quote, the collateral for it and the root of both. */
export interface SimulatedEvidence {
  /** Base64. */
  readonly quote: string;
  /** SHA-256 of the root certificate, hex. */
  readonly root: string;
  readonly collateral: Collateral;
}

/**
 * Makes evidence of one simulated platform, sound or altered. What an alteration does not touch stays the same to the
 * byte or is signed again by the same key, so parts of different variants go together.
 */
export class VectorMaker {
  readonly #sound: SimulatedPlatform;
  readonly #pins: Pins;

  private constructor(sound: SimulatedPlatform, certificates: IssuedCertificates) {
    this.#sound = sound;
    this.#pins = new Pins(certificates);
  }

  /** A maker with a platform of its own. */
  static async create(): Promise<VectorMaker> {
    const sound = createSimulatedPlatform({ at: AT });
    const quote = parseQuote(await sound.quote(REPORT_DATA));
    const [pck, pckCa] = decodePem(quote.signature.certificateChainPem, 'CERTIFICATE');
    const [tcbSigner] = decodePem(sound.collateral().tcb_info_issuer_chain, 'CERTIFICATE');
    if (pck === undefined || pckCa === undefined || tcbSigner === undefined) {
      throw new Error('the simulated platform has no chain');
    }
    const root = sound.rootCertificate;
    return new VectorMaker(sound, { root, pckCa, pck, tcbSigner });
  }

  /** SHA-256 of the sound platform's root certificate, hex. */
  get rootSha256(): string {
    return this.#sound.rootSha256;
  }

  get keys(): PlatformKeys {
    return this.#sound.identity.keys;
  }

  get mrtd(): Sha384 {
    return this.#sound.measurements().mrtd;
  }

  /** The platform with an alteration. */
  platform(alter: Alteration = sound): SimulatedPlatform {
    return createSimulatedPlatform({
      identity: this.#sound.identity,
      at: AT,
      alter: (description) => {
        this.#pins.put(description);
        alter(description);
        this.#pins.takeOffAltered(description);
      },
    });
  }

  /** A quote and collateral of the platform with an alteration. */
  async evidence(alter?: Alteration): Promise<SimulatedEvidence> {
    const platform = this.platform(alter);
    const quote = await platform.quote(REPORT_DATA);
    return {
      quote: toBase64(quote),
      root: platform.rootSha256,
      collateral: platform.collateral(),
    };
  }
}

/** Nothing altered. */
export const sound: Alteration = () => undefined;

/** One alteration after the other. */
export function both(first: Alteration, second: Alteration): Alteration {
  return (platform) => {
    first(platform);
    second(platform);
  };
}

/** DER of the certificates as first issued. */
type IssuedCertificates = Readonly<Record<keyof PlatformCertificates, Uint8Array>>;

/** Keeps certificates that an alteration does not concern as they were first issued. */
class Pins {
  readonly #certificates: IssuedCertificates;
  readonly #contents = new Map<Uint8Array, string>();

  constructor(certificates: IssuedCertificates) {
    this.#certificates = certificates;
  }

  put({ certificates }: PlatformDescription): void {
    for (const name of ['root', 'pckCa', 'pck', 'tcbSigner'] as const) {
      const encoded = this.#certificates[name];
      certificates[name].encoded = encoded;
      this.#contents.set(encoded, contentOf(certificates[name]));
    }
  }

  takeOffAltered(description: PlatformDescription): void {
    for (const certificate of allCertificates(description)) {
      const pinned = certificate.encoded && this.#contents.get(certificate.encoded);
      // An alteration may have brought a certificate of its own, which then stays.
      if (pinned !== undefined && pinned !== contentOf(certificate)) delete certificate.encoded;
    }
  }
}

function allCertificates(description: PlatformDescription): Set<CertificateDescription> {
  const { quote, collateral } = description;
  const { root, pckCa, pck, tcbSigner } = description.certificates;
  const documents = [collateral.tdx, collateral.sgx].flatMap(({ tcbInfo, qeIdentity }) => [
    ...tcbInfo.chain,
    ...qeIdentity.chain,
  ]);
  return new Set([root, pckCa, pck, tcbSigner, ...quote.chain, ...documents]);
}

function contentOf({ key, issuer, encoded: _encoded, ...rest }: CertificateDescription): string {
  return JSON.stringify({
    ...rest,
    key: [toHex(key.spki), toHex(key.keyId)],
    issuer: issuer && [issuer.commonName, toHex(issuer.key.spki), toHex(issuer.key.keyId)],
  });
}
