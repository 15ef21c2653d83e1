// SPDX-License-Identifier: Apache-2.0
import type { PolicyJudgement, Refusal } from './judge-agent.ts';

/** An agent that is not let in, with everything that was looked at. */
export class RefusedAgent extends Error {
  /** Of the check that refused: one of the verifier, of the evidence, or of this package. */
  readonly code: string;
  readonly policies: readonly PolicyJudgement[];

  constructor({ code, message }: Refusal, policies: readonly PolicyJudgement[]) {
    super(message);
    this.name = 'RefusedAgent';
    this.code = code;
    this.policies = policies;
  }
}
