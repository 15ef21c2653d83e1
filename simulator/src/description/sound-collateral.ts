// SPDX-License-Identifier: Apache-2.0
import { toHex } from '@proofgate/evidence';
import type {
  CollateralDescription,
  Period,
  PlatformCertificates,
  SignedDocument,
} from './platform-description.ts';
import { module03Levels, moduleLevels, platformLevels, qeLevels } from './sound-tcb.ts';
import type { QeIdentity, TcbInfo, TdxModule } from './tcb-documents.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long collateral is valid: 30 days, as Intel's. It begins an hour early for verifiers whose clock is behind.
 */
export const COLLATERAL_PERIOD: Readonly<Period> = { startsMs: -HOUR_MS, endsMs: 30 * DAY_MS };

/** Intel counts TCB recoveries; what matters here is that the number exists and never goes down. */
const TCB_EVALUATION_NUMBER = 19;

/** Everything must be as stated, except bit 2 of the attributes (MODE64): Intel's own masks. */
const QE_MASKS = {
  miscselectMask: 'FFFFFFFF',
  attributes: '11000000000000000000000000000000',
  attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
} as const;

/** What makes the collateral of one platform differ from another's. */
export interface CollateralSubject {
  readonly at: Date;
  readonly fmspc: Uint8Array;
  readonly certificates: PlatformCertificates;
  /** Who signed the quoting enclave, and as which product. */
  readonly quotingEnclave: { readonly mrSigner: Uint8Array; readonly isvProdId: number };
}

/**
 * Sound collateral for TDX quotes: TCB information with two module identities, and the TD quoting enclave's identity.
 *
 * @param subject - the platform
 * @returns the documents, not yet signed
 */
export function tdxCollateral(subject: CollateralSubject): CollateralDescription {
  const { at } = subject;
  const tcbInfo: TcbInfo = {
    id: 'TDX',
    ...tcbInfoHead(subject.fmspc),
    tdxModule: tdxModule(),
    tdxModuleIdentities: [
      { id: 'TDX_03', ...tdxModule(), tcbLevels: module03Levels(at) },
      { id: 'TDX_01', ...tdxModule(), tcbLevels: moduleLevels(at) },
    ],
    tcbLevels: platformLevels(at, true),
  };
  return signedByTcbSigner(subject, tcbInfo, qeIdentity('TD_QE', subject));
}

/**
 * Sound collateral for SGX quotes.
 *
 * @param subject - the platform
 * @returns the documents, not yet signed
 */
export function sgxCollateral(subject: CollateralSubject): CollateralDescription {
  const tcbInfo: TcbInfo = {
    id: 'SGX',
    ...tcbInfoHead(subject.fmspc),
    tcbLevels: platformLevels(subject.at, false),
  };
  return signedByTcbSigner(subject, tcbInfo, qeIdentity('QE', subject));
}

function tcbInfoHead(fmspc: Uint8Array): Omit<TcbInfo, 'id' | 'tcbLevels'> {
  return {
    version: 3,
    fmspc: toHex(fmspc).toUpperCase(),
    pceId: '0000',
    tcbType: 0,
    tcbEvaluationDataNumber: TCB_EVALUATION_NUMBER,
  };
}

/** Intel's module: signed with an all-zero MRSIGNERSEAM, no attributes. */
function tdxModule(): TdxModule {
  return {
    mrsigner: '0'.repeat(96),
    attributes: '0'.repeat(16),
    attributesMask: 'F'.repeat(16),
  };
}

function qeIdentity(id: QeIdentity['id'], subject: CollateralSubject): QeIdentity {
  const { mrSigner, isvProdId } = subject.quotingEnclave;
  return {
    id,
    version: 2,
    tcbEvaluationDataNumber: TCB_EVALUATION_NUMBER,
    miscselect: '00000000',
    ...QE_MASKS,
    mrsigner: toHex(mrSigner).toUpperCase(),
    isvprodid: isvProdId,
    tcbLevels: qeLevels(subject.at),
  };
}

function signedByTcbSigner(
  { certificates }: CollateralSubject,
  tcbInfo: TcbInfo,
  identity: QeIdentity,
): CollateralDescription {
  const { tcbSigner, root } = certificates;
  // Each document gets objects of its own, so that altering one leaves the other alone.
  const sign = <Content>(content: Content): SignedDocument<Content> => ({
    content,
    period: { ...COLLATERAL_PERIOD },
    signedBy: tcbSigner.key,
    chain: [tcbSigner, root],
  });
  return { tcbInfo: sign(tcbInfo), qeIdentity: sign(identity) };
}
