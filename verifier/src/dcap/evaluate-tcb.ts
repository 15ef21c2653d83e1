// SPDX-License-Identifier: Apache-2.0
import type { PckExtension, Quote } from '@proofgate/evidence';
import { findModuleIdentity } from './check-tdx-module.ts';
import { convergeStatus, relaunchStatus, type TcbVerdict } from './converge-status.ts';
import { matchIsvSvn } from './isv-svn-level.ts';
import type { PreparedCollateral } from './prepared-collateral.ts';
import type { TcbInfo } from './tcb-info.ts';
import { matchLevel } from './tcb-level.ts';
import type { ComponentStatus, PlatformStatus, TcbStatus } from './tcb-status.ts';

/** What Intel says about everything below the guest. */
export interface DcapTcb extends TcbVerdict<TcbStatus> {
  /** The smaller of the evaluation numbers of TCB info and QE identity. */
  readonly evaluationNumber: number;
  /** With the SVNs that the TD was launched with. */
  readonly launch: TcbVerdict<TcbStatus>;
  /** With the SVNs of now, for TD quotes of version 1.5. */
  readonly current: TcbVerdict<TcbStatus> | undefined;
  readonly platform: PlatformStatus;
  /** Absent for SGX, and for TDX modules without a version of their own. */
  readonly module: ComponentStatus | undefined;
  readonly qe: ComponentStatus;
}

/**
 * Judges the TCB of a quote (Intel DCAP library, steps 4.1.2.5.16 to 4.1.2.5.20).
 *
 * @throws VerifierError `ERR_DCAP_TCB_NOT_SUPPORTED`, `ERR_DCAP_TCB_REVOKED`, `ERR_DCAP_TDX_MODULE`
 */
export function evaluateTcb(
  quote: Quote,
  pck: PckExtension,
  { tcbInfo, qeIdentity }: PreparedCollateral,
): DcapTcb {
  const qe = matchIsvSvn(qeIdentity.levels, quote.signature.qeReport.isvSvn, 'the QE');
  const judge = (teeTcbSvn: Uint8Array | undefined): Judgement =>
    judgeSvns(teeTcbSvn, pck, tcbInfo, qe);
  const [launchSvn, currentSvn] =
    quote.kind === 'tdx' ? [quote.body.teeTcbSvn, quote.body.teeTcbSvn2] : [undefined, undefined];
  const launch = judge(launchSvn);
  // From TD report 1.5 on, the module can be updated below a running TD: both versions must be covered by a level.
  const current = currentSvn === undefined ? undefined : judge(currentSvn);
  return {
    ...launch.verdict,
    status: relaunchStatus(launch.verdict.status, (current ?? launch).verdict.status),
    evaluationNumber: Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber),
    launch: launch.verdict,
    current: current?.verdict,
    platform: launch.platform,
    module: launch.module,
    qe: qe.status,
  };
}

interface Judgement {
  readonly verdict: ReturnType<typeof convergeStatus>;
  readonly platform: PlatformStatus;
  readonly module: ComponentStatus | undefined;
}

function judgeSvns(
  teeTcbSvn: Uint8Array | undefined,
  pck: PckExtension,
  tcbInfo: TcbInfo,
  qe: TcbVerdict<ComponentStatus>,
): Judgement {
  const platform = matchLevel(tcbInfo.levels, {
    sgx: pck.tcb.components,
    pceSvn: pck.tcb.pceSvn,
    tdx: teeTcbSvn === undefined ? undefined : [...teeTcbSvn],
  });
  const identity = teeTcbSvn === undefined ? undefined : findModuleIdentity(tcbInfo, teeTcbSvn);
  const module =
    identity && matchIsvSvn(identity.levels, teeTcbSvn?.[0] ?? 0, `TDX module ${identity.id}`);
  return {
    verdict: convergeStatus(platform, module === undefined ? [qe] : [module, qe]),
    platform: platform.status,
    module: module?.status,
  };
}
