// SPDX-License-Identifier: Apache-2.0
import type { Collateral, FleetBinding, RuntimeEvent } from '@proofgate/evidence';

/** What an agent shows. */
export interface AgentEvidence {
  /** TDX quote. */
  readonly quote: Uint8Array;
  /** What RTMR3 was extended with since the machine started. */
  readonly eventLog: readonly RuntimeEvent[];
  /** Collateral that the agent brings; used only by a control plane that fetches none itself. */
  readonly collateral?: Collateral;
}

/** What an agent claims with it. */
export interface AgentClaim {
  readonly binding: FleetBinding;
  readonly evidence: AgentEvidence;
  /** When the nonce in the binding was given out: the evidence is not older. */
  readonly nonceIssuedAt: Date;
  readonly at: Date;
}
