// SPDX-License-Identifier: Apache-2.0
import type { Collateral } from '@proofgate/evidence';
import type { Parts, VectorInput } from '../vector-format.ts';
import type { HostMaker, HostWish } from './attested-host.ts';
import type { PrivateChainMaker } from './private-chain.ts';
import { signRaw } from './raw-signature.ts';
import type { Alteration, VectorMaker } from './vector-maker.ts';

/** What parts are made from. */
export interface MakingContext {
  readonly maker: VectorMaker;
  readonly hosts: HostMaker;
  readonly chains: PrivateChainMaker;
  /** The input that the parts are for. */
  readonly fixture: VectorInput;
}

/** Makes parts of an input. */
export type MakeParts = (context: MakingContext) => Parts | Promise<Parts>;

/** Parts that are known beforehand. */
export function fixed(parts: Parts): MakeParts {
  return () => parts;
}

/** Parts of both. */
export function together(first: MakeParts, second: MakeParts): MakeParts {
  return async (context) => ({ ...(await first(context)), ...(await second(context)) });
}

/** A part of an input with evidence of a platform. */
export type EvidencePart = 'quote' | 'root' | `collateral.${keyof Collateral}`;

/** Takes parts from an altered platform. */
export function altered(names: readonly EvidencePart[], alter: Alteration): MakeParts {
  return async ({ maker }) => {
    const { quote, root, collateral } = await maker.evidence(alter);
    const all: Parts = {
      quote,
      root,
      ...Object.fromEntries(
        Object.entries(collateral).map(([name, value]) => [`collateral.${name}`, String(value)]),
      ),
    };
    return Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
  };
}

/** A signed document of the collateral and its signature. */
export const TCB_INFO: readonly EvidencePart[] = [
  'collateral.tcb_info',
  'collateral.tcb_info_signature',
];
export const QE_IDENTITY: readonly EvidencePart[] = [
  'collateral.qe_identity',
  'collateral.qe_identity_signature',
];

/** Changes the text of a document and has the TCB signer sign it. */
export function retold(
  name: 'tcb_info' | 'qe_identity',
  change: (text: string) => string,
): MakeParts {
  return ({ maker, fixture }) => {
    const text = change(String(memberOf(fixture, 'collateral')[name]));
    const signature = signRaw(maker.keys.tcbSigner.privateKey, new TextEncoder().encode(text));
    return {
      [`collateral.${name}`]: text,
      [`collateral.${name}_signature`]: Buffer.from(signature).toString('hex'),
    };
  };
}

/** A member of an input that is an object itself. */
export function memberOf(input: VectorInput, name: string): VectorInput {
  // Sound: fixtures are made here, and every caller asks for a member that is an object.
  return input[name] as VectorInput;
}

/** The chain of a host that differs from a sound one. */
export function presented(wish: HostWish): MakeParts {
  return async ({ hosts }) => ({ chain: (await hosts.host(wish)).chain });
}

/** A document with the certificate and quote of a host that differs from a sound one. */
export function served(wish: HostWish): MakeParts {
  return async ({ hosts }) => {
    const { chain, quote } = await hosts.host(wish);
    return { 'document.certificateChain': chain, 'document.quote': quote };
  };
}

/** The certificates of a private PKI that differ from sound ones. */
export function issued(wish: Parameters<PrivateChainMaker['chain']>[0]): MakeParts {
  return ({ chains }) => ({ chain: chains.chain(wish) });
}

/** A policy that names the simulated root, with rules. */
export function policy(rules: Readonly<Record<string, unknown>>): MakeParts {
  return ({ maker }) => ({ policy: policyText(maker, rules) });
}

/** Text of such a policy. */
export function policyText(maker: VectorMaker, rules: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ version: 1, roots: [`sha256:${maker.rootSha256}`], ...rules });
}
