// SPDX-License-Identifier: Apache-2.0
import { QuoteVerifier } from '@phala/dcap-qvl';
import { CodedError, type Collateral } from '@proofgate/evidence';
import { prepareCollateral, verifyQuote, type TrustedRoots } from '@proofgate/verifier';

/** One quote with one bundle at one time, for two verifiers. */
export interface DifferentialCase {
  readonly name: string;
  readonly quote: Uint8Array;
  readonly collateral: Collateral;
  readonly at: Date;
  /** DER of the root to trust; Intel's when absent. */
  readonly root?: Uint8Array;
}

/** A TCB status with its advisories, or why the evidence was refused. */
export type Verdict =
  | { readonly kind: 'verified'; readonly summary: string }
  | { readonly kind: 'refused'; readonly summary: string };

/** What our verifier says. */
export async function ourVerdict(one: DifferentialCase): Promise<Verdict> {
  const { at } = one;
  const root: TrustedRoots = one.root === undefined ? 'intel' : { certificate: one.root };
  try {
    const prepared = await prepareCollateral(one.collateral, { root, at });
    const { tcb } = await verifyQuote(one.quote, prepared, { at });
    return verified(tcb.status, tcb.advisories);
  } catch (error) {
    if (error instanceof CodedError) return refused(String(error.code));
    throw error;
  }
}

/** What `@phala/dcap-qvl` says. It has no error type of its own, so whatever it throws is a refusal. */
export function phalaVerdict(one: DifferentialCase): Verdict {
  const verifier =
    one.root === undefined
      ? QuoteVerifier.newProd()
      : QuoteVerifier.newWithRootCa(Buffer.from(one.root));
  try {
    const report = verifier.verify(one.quote, one.collateral, one.at.getTime() / 1000);
    return verified(report.status, report.advisory_ids);
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

/** Whether both refuse, for whatever reason, or both report the same status and advisories. */
export function agree(ours: Verdict, theirs: Verdict): boolean {
  if (ours.kind !== theirs.kind) return false;
  return ours.kind === 'refused' || ours.summary === theirs.summary;
}

function verified(status: string, advisories: readonly string[]): Verdict {
  const summary = [status, ...new Set(advisories.toSorted())].join(' ');
  return { kind: 'verified', summary };
}

function refused(reason: string): Verdict {
  return { kind: 'refused', summary: `refused: ${reason}` };
}
