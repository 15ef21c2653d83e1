// SPDX-License-Identifier: Apache-2.0
import { SimulatorError } from './errors.ts';
import { newSigningKey, type SigningKey } from './signing-key.ts';

/** The keys of a platform. */
export interface PlatformKeys {
  readonly root: SigningKey;
  readonly pckCa: SigningKey;
  readonly pck: SigningKey;
  readonly tcbSigner: SigningKey;
  readonly attestation: SigningKey;
}

/** What stays the same when a simulated platform is stopped and started again. */
export interface PlatformIdentity {
  /** When it was made; certificates are dated from here. */
  readonly madeAt: Date;
  /** 12 lower-case hex digits: family, model, stepping, platform type and custom SKU of the simulated CPU. */
  readonly fmspc: string;
  readonly keys: PlatformKeys;
  /** DER of the root certificate, once issued: its hash is what users write into policies. */
  readonly rootCertificate?: Uint8Array;
}

/** No CPU has this FMSPC. */
export const SIMULATED_FMSPC = 'f0f0f0f0f0f0';

/**
 * Makes the identity of a new platform, with new keys.
 *
 * @param madeAt - its time of making
 * @param fmspc - 12 hex digits
 * @returns the identity
 * @throws SimulatorError `ERR_SIMULATOR_OPTION`
 */
export function newPlatformIdentity(
  madeAt: Date,
  fmspc: string = SIMULATED_FMSPC,
): PlatformIdentity {
  if (!/^[0-9a-f]{12}$/i.test(fmspc)) {
    throw new SimulatorError('ERR_SIMULATOR_OPTION', 'option fmspc is not 6 bytes of hex', {
      seen: JSON.stringify(fmspc),
    });
  }
  return {
    madeAt,
    fmspc: fmspc.toLowerCase(),
    keys: {
      root: newSigningKey(),
      pckCa: newSigningKey(),
      pck: newSigningKey(),
      tcbSigner: newSigningKey(),
      attestation: newSigningKey(),
    },
  };
}
