// SPDX-License-Identifier: Apache-2.0
import type { TrustAnchor } from '../roots/trust-anchor.ts';
import type { VerifiedRevocationList } from '../x509/revocation-list.ts';
import type { TimeWindow } from '../x509/time-window.ts';
import type { DcapIssuer } from './dcap-issuer.ts';
import type { PlatformKeys } from './platform-keys.ts';
import type { QeIdentity } from './qe-identity.ts';
import type { TcbInfo } from './tcb-info.ts';

/**
 * Collateral whose signatures have all been verified. It can judge any number of quotes from platforms of its FMSPC;
 * its dates are checked again for every quote.
 */
export interface PreparedCollateral {
  readonly tee: 'tdx' | 'sgx';
  readonly trustAnchor: TrustAnchor;
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
  /** The earliest moment at which some part of it runs out. */
  readonly validUntil: Date;
  readonly root: DcapIssuer;
  readonly pckCa: DcapIssuer;
  readonly rootList: VerifiedRevocationList;
  readonly pckList: VerifiedRevocationList;
  /** Keys of the machines that it judges, parsed and imported once. */
  readonly platformKeys: PlatformKeys;
  /** When each part may be used. */
  readonly windows: readonly TimeWindow[];
}
