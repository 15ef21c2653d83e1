// SPDX-License-Identifier: Apache-2.0
// Runs in browsers too: no Node built-ins. `buffer` is the package there, and Node's own module in Node.
import { Buffer } from 'buffer';
import { Quote, QuoteVerifier } from '@phala/dcap-qvl';
import { fromBase64, parseQuote } from '@proofgate/evidence';
import { prepareCollateral, verifyQuote } from '@proofgate/verifier';
import type { BenchEvidence } from './bench-evidence.ts';

/** What is measured. */
export const CONTENDERS = [
  /** Ours, collateral prepared before, a machine that has been seen. */
  'prepared',
  /** Ours, collateral prepared before, a machine that has not been seen. */
  'newMachine',
  /** Ours, collateral and quote. */
  'full',
  /** Ours, parsing the quote only. */
  'parser',
  /** dcap-qvl, collateral and quote, as its API has it. */
  'peerFull',
  /** dcap-qvl, parsing the quote only. */
  'peerParser',
] as const;

/** One of {@link CONTENDERS}. */
export type ContenderName = (typeof CONTENDERS)[number];

/** One operation; throws unless it comes to the expected result. */
export type Operation = () => Promise<void> | void;

/** Makes the operations of all contenders over the same evidence. */
export async function createContenders({
  quotes,
  collateral,
  root,
  atMs,
}: BenchEvidence): Promise<Readonly<Record<ContenderName, Operation>>> {
  const at = new Date(atMs);
  const certificate = fromBase64(root);
  const machines = quotes.map(fromBase64);
  const [quote] = machines;
  if (quote === undefined) throw new Error('there is no quote');
  const options = { root: { certificate }, at };
  const prepared = await prepareCollateral(collateral, options);
  const peer = QuoteVerifier.newWithRootCa(Buffer.from(certificate));
  let next = 0;
  return {
    prepared: async () => {
      expectUpToDate((await verifyQuote(quote, prepared, { at })).tcb.status);
    },
    newMachine: async () => {
      next = (next + 1) % machines.length;
      const machine = machines[next] ?? quote;
      expectUpToDate((await verifyQuote(machine, prepared, { at })).tcb.status);
    },
    full: async () => {
      const fresh = await prepareCollateral(collateral, options);
      expectUpToDate((await verifyQuote(quote, fresh, { at })).tcb.status);
    },
    parser: () => {
      if (parseQuote(quote).kind !== 'tdx') throw new Error('not a TDX quote');
    },
    peerFull: () => {
      expectUpToDate(peer.verify(quote, collateral, atMs / 1000).status);
    },
    peerParser: () => {
      if (Quote.parse(quote).header.version !== 4) throw new Error('not a version 4 quote');
    },
  };
}

// A verifier that refuses early would look fast.
function expectUpToDate(status: string): void {
  if (status !== 'UpToDate') throw new Error(`verified as ${status}, not UpToDate`);
}
