// SPDX-License-Identifier: Apache-2.0
import { decodePem, parseQuote, type Collateral } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  newSigningKey,
  type SimulatedPlatformOptions,
} from '@proofgate/simulator';

/** What is verified, in a form that can be sent to a browser. */
export interface BenchEvidence {
  /** One quote each of several machines, in base64. */
  readonly quotes: readonly string[];
  readonly collateral: Collateral;
  /** DER of the root that both verifiers trust, in base64. */
  readonly root: string;
  readonly atMs: number;
}

/** More machines than the verifier remembers keys of, so that going through them finds none remembered. */
export const MACHINES = 80;

/**
 * Makes machines of one simulated vendor. They cost a verifier what real ones do: the same signatures over documents
 * of the same kind.
 */
export async function createBenchEvidence(at: Date): Promise<BenchEvidence> {
  const first = createSimulatedPlatform({ at });
  const quote = await first.quote(new Uint8Array(64));
  const [, pckCa = new Uint8Array()] = decodePem(
    parseQuote(quote).signature.certificateChainPem,
    'CERTIFICATE',
  );
  const others = Array.from({ length: MACHINES - 1 }, () => {
    const { identity } = first;
    const keys = { ...identity.keys, pck: newSigningKey(), attestation: newSigningKey() };
    const alter: SimulatedPlatformOptions['alter'] = ({ certificates }) => {
      certificates.pckCa.encoded = pckCa;
    };
    return createSimulatedPlatform({ at, identity: { ...identity, keys }, alter });
  });
  const quotes = [quote];
  for (const platform of others) quotes.push(await platform.quote(new Uint8Array(64)));
  return {
    quotes: quotes.map((bytes) => Buffer.from(bytes).toString('base64')),
    collateral: first.collateral(),
    root: Buffer.from(first.rootCertificate).toString('base64'),
    atMs: at.getTime(),
  };
}
