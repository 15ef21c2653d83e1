// SPDX-License-Identifier: Apache-2.0
export {
  type RejectionCode,
  VERIFIER_ERRORS,
  VerifierError,
  type VerifierErrorCode,
} from './errors.ts';
export { outcomeOf, type Outcome } from './errors.ts';
export { hinted, hintOf } from './refusal-hints.ts';

export type { BindingKind, EvidenceClaims, QuoteClaims, Tee } from './claims.ts';
export type { SgxClaims, SnpClaims, TdxClaims } from './claims.ts';
export type { TrustAnchor, TrustedRoot, TrustedRoots } from './roots/trust-anchor.ts';
export { INTEL_SGX_ROOT_CA } from './roots/intel-sgx-root.ts';
export { AMD_ROOT_KEYS } from './roots/amd-root-keys.ts';

export { prepareCollateral, type PrepareOptions } from './dcap/prepare-collateral.ts';
export type { PreparedCollateral } from './dcap/prepared-collateral.ts';
export { verifyQuote, type VerifyQuoteOptions } from './dcap/verify-quote.ts';
export type { DcapTcb } from './dcap/evaluate-tcb.ts';
export { TCB_STATUSES, type TcbStatus } from './dcap/tcb-status.ts';
export type { TcbVerdict } from './dcap/converge-status.ts';

export { verifySnpReport, type VerifySnpOptions } from './snp/verify-snp-report.ts';
export type { SnpEndorsements } from './snp/verify-endorsements.ts';
export { endorsementsFromPem } from './snp/endorsements-from-pem.ts';
export type { SnpTcb, SnpTcbVersion } from './snp/snp-tcb.ts';

export { verifyChain, MAX_CHAIN_LENGTH } from './x509/verify-chain.ts';
export type { ChainOptions, LeafUsage, VerifiedChain } from './x509/verify-chain.ts';
export {
  checkBinding,
  checkSessionBinding,
  MAX_ATTESTED_LIFETIME_MS,
  type BindableEvidence,
  type CertificateBinding,
  type SessionBatch,
  type SessionBinding,
  type SessionChallenge,
} from './check-binding.ts';

export { checkEventLog } from './document/check-event-log.ts';
export { checkUnboundDocument } from './document/check-unbound-document.ts';

export { parsePolicy, parsePolicyText } from './policy/parse-policy.ts';
export { policyRoots } from './policy/policy-roots.ts';
export type { Grace, MeasurementSet, Policy, PolicyRoot } from './policy/policy.ts';
export { REGISTERS, REGISTER_NAMES, type Register } from './policy/register.ts';
export { applyPolicy, judge } from './policy/apply-policy.ts';
export type { PolicySubject } from './policy/subject.ts';
export type {
  Check,
  CheckResult,
  Decision,
  NearestMeasurementSet,
  PolicyCheck,
  PolicyRefusal,
} from './policy/decision.ts';
export { explain, type Explainable } from './explain/explain.ts';

export { verifyCertificate, verifyEvidence } from './appraisal/verify.ts';
export type { VerifyCertificateOptions, VerifyEvidenceOptions } from './appraisal/verify.ts';
export { appraise } from './appraisal/appraise.ts';
export type {
  AppraisalOptions,
  CertificateOptions,
  CollateralInput,
  EvidenceInput,
  JudgingOptions,
  KeyEvidence,
  SessionEvidence,
} from './appraisal/appraisal-options.ts';
export type { AppraisalReport, ReportedFindings } from './appraisal/appraisal-report.ts';
export type {
  ReportedExtension,
  ReportedTcb,
  ReportedWorkload,
} from './appraisal/reported-claims.ts';
export type { Findings, Verdict } from './appraisal/verdict.ts';

export {
  collateralRequest,
  type CollateralRequest,
  type CollateralSource,
} from './collateral/collateral-request.ts';
export {
  fetchCollateral,
  INTEL_PCS_URL,
  type CollateralServiceOptions,
} from './collateral/fetch-collateral.ts';
export type { FetchOptions } from './collateral/fetch-bytes.ts';
export {
  describeCollateral,
  type CollateralDescription,
} from './collateral/describe-collateral.ts';
export { createCollateralCache, type CollateralCache } from './collateral/collateral-cache.ts';
export type { AbortSignalLike, Fetch, FetchResponse, Signal } from './web-platform.ts';
