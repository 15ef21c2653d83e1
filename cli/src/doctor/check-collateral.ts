// SPDX-License-Identifier: Apache-2.0
import { EvidenceError } from '@proofgate/evidence';
import {
  describeCollateral,
  fetchCollateral,
  VerifierError,
  type CollateralDescription,
  type Fetch,
} from '@proofgate/verifier';

import { findingOf, healthy, skipped, type DoctorCheck } from './check.ts';

/** Which service to ask, for which kind of platform. */
export interface CollateralQuestion {
  readonly url: string;
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  readonly at: Date;
  readonly fetch: Fetch;
}

/** What came of asking. */
export interface CollateralAnswer {
  readonly check: DoctorCheck;
  /** The service's clock, if it answered at all. */
  readonly serviceTime: Date | undefined;
}

const NAME = 'collateral';
const ACTION = 'check the address, the proxy settings and the firewall';
const DAY_MS = 24 * 60 * 60 * 1000;

/** For when nobody has said which service to ask. */
export const NOT_ASKED: DoctorCheck = skipped(
  NAME,
  'no service was asked: name one with --collateral',
);

/** Asks a collateral service and looks at the age of what it serves. Signatures are left to verification. */
export async function checkCollateral(question: CollateralQuestion): Promise<CollateralAnswer> {
  const { url, fmspc, at } = question;
  let serviceTime: Date | undefined;
  const observed: Fetch = async (address, init) => {
    const response = await question.fetch(address, init);
    serviceTime ??= readDate(response.headers.get('date'));
    return response;
  };
  try {
    const request = { tee: 'tdx', fmspc, ca: 'platform', at } as const;
    const collateral = await fetchCollateral(request, { url, fetch: observed });
    return { check: judgeAge(describeCollateral(collateral), at), serviceTime };
  } catch (error) {
    if (!(error instanceof VerifierError || error instanceof EvidenceError)) throw error;
    return { check: findingOf(NAME, error, ACTION), serviceTime };
  }
}

function judgeAge(
  { issueDate, nextUpdate, evaluationNumber, fmspc }: CollateralDescription,
  at: Date,
): DoctorCheck {
  const text = `for ${fmspc}: evaluation ${String(evaluationNumber)}, issued ${days(at, issueDate)} ago, good until ${nextUpdate.toISOString()}`;
  if (at <= nextUpdate) return healthy(NAME, text);
  return {
    name: NAME,
    result: 'finding',
    code: 'DOCTOR_COLLATERAL_STALE',
    text: `the service has only old collateral ${text}`,
    action: 'make the caching service refresh, and check that it reaches Intel’s',
  };
}

function days(at: Date, since: Date): string {
  return `${String(Math.floor((at.getTime() - since.getTime()) / DAY_MS))} d`;
}

function readDate(header: string | null): Date | undefined {
  const time = new Date(header ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}
