// SPDX-License-Identifier: Apache-2.0
export { CodedError, type ErrorDetails, type ErrorFamily, type ErrorTable } from './coded-error.ts';
export { EVIDENCE_ERRORS, EvidenceError, type EvidenceErrorCode } from './errors.ts';
export { compareBytes, concatBytes, copyBytes, equalBytes, isAllZero } from './bytes/bytes.ts';
export { fromHex, readHex, toHex } from './bytes/hex.ts';
export { exactDate } from './exact-date.ts';
export { fromBase64, fromBase64Url, toBase64, toBase64Url } from './bytes/base64.ts';
export { fromUtf8, utf8 } from './bytes/utf8.ts';
export {
  asReportData,
  asSha256,
  asSha384,
  type ReportData,
  type Sha256,
  type Sha384,
} from './bytes/fixed-bytes.ts';
export { sha256, sha384, sha512 } from './hashes.ts';
export {
  ATTESTATION_ARC,
  OID,
  describeOid,
  type ExtensionEncoding,
  type ExtensionValue,
  type OidDescription,
} from './oids.ts';
export {
  MAX_DER_BYTES,
  MAX_DER_DEPTH,
  derContent,
  derElements,
  derList,
  parseDer,
  type DerElement,
} from './asn1/der-element.ts';
export {
  readBigInteger,
  readBitString,
  readBoolean,
  readEnumerated,
  readInteger,
  readNamedBits,
  readNull,
  readOctets,
  readOid,
  readRaw,
  readSmallInteger,
  readText,
  readTime,
} from './asn1/der-values.ts';
export {
  derBitString,
  derBoolean,
  derContext,
  derElement,
  derEnumerated,
  derIa5String,
  derInteger,
  derNamedBits,
  derNull,
  derOctetString,
  derOid,
  derPrintableString,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from './asn1/der-writer.ts';
export { MAX_OID_ARC, MAX_OID_BYTES, decodeOid, encodeOid } from './asn1/object-identifier.ts';
export { MAX_PEM_BLOCKS, MAX_PEM_CHARACTERS, decodePem, encodePem } from './asn1/pem.ts';
export {
  KEY_PURPOSE,
  NAME_ATTRIBUTE,
  SIGNATURE_ALGORITHM,
  X509_EXTENSION,
} from './x509/x509-oid.ts';
export { parseName, type Name } from './x509/name.ts';
export type { Extension, Extensions } from './x509/extension-list.ts';
export type {
  AuthorityExtensions,
  BasicConstraints,
  KeyUsage,
} from './x509/authority-extensions.ts';
export type {
  NameConstraints,
  NameSubtrees,
  StandardExtensions,
  SubjectAltName,
} from './x509/standard-extensions.ts';
export {
  parsePublicKey,
  type P256PublicKey,
  type PublicKey,
  type UnknownPublicKey,
} from './x509/public-key.ts';
export {
  MAX_CERTIFICATE_BYTES,
  parseAuthorityCertificate,
  parseCertificate,
  type AuthorityCertificate,
  type Certificate,
  type CertificateFields,
} from './x509/certificate.ts';
export type { SignedStructure } from './x509/signed-structure.ts';
export {
  MAX_CERTIFICATE_LIST_BYTES,
  parseCertificateList,
  type CertificateList,
  type Revocation,
} from './x509/certificate-list.ts';
export { ecdsaSignatureFromRaw, ecdsaSignatureToRaw } from './x509/ecdsa-signature.ts';
export { MAX_NAME_PART, encodeName, type NameParts } from './x509/name-writer.ts';
export {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  crlDistributionPointsExtension,
  crlNumberExtension,
  extKeyUsageExtension,
  keyUsageExtension,
  nameConstraintsExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type AltNames,
  type CertificateExtension,
  type Subtrees,
} from './x509/extension-writer.ts';
export {
  assembleSigned,
  encodeTbsCertificate,
  encodeTbsCertificateList,
  type RevokedCertificate,
  type SigningAlgorithm,
  type TbsCertificate,
  type TbsCertificateList,
} from './x509/certificate-writer.ts';
export {
  MAX_NONCE_BYTES,
  MIN_NONCE_BYTES,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_CONTEXT_BYTES,
  SESSION_EXPORTER_LABEL,
  challengeReportData,
  deterministicReportData,
  formatQuoteTime,
  sessionReportData,
} from './binding/report-data.ts';
export {
  BATCH_HASH_BYTES,
  MAX_BATCH_LEAVES,
  batchReportData,
  batchTree,
  replayBatchPath,
  sessionLeaf,
  type BatchPosition,
  type BatchTree,
  type SessionRole,
} from './binding/session-batch.ts';
export {
  MAX_WORKLOAD_DATA_BYTES,
  checkWorkloadEvidence,
  workloadReportData,
  type WorkloadQuote,
  type WorkloadStatement,
} from './binding/workload-evidence.ts';
export { ENROLMENT_NONCE_BYTES, enrolmentReportData } from './binding/enrolment-report-data.ts';
export type { EnrolmentBinding, EnrolmentPurpose } from './binding/enrolment-report-data.ts';
export { FLEET_NONCE_BYTES, fleetReportData } from './binding/fleet-report-data.ts';
export type { FleetBinding, FleetPurpose } from './binding/fleet-report-data.ts';
export {
  MAX_LEAF_NAME_BYTES,
  MAX_TREE_LEAVES,
  buildTree,
  type ConfigurationTree,
  type HashedLeaf,
  type TreeLeaf,
} from './config/configuration-tree.ts';
export {
  MAX_AUDIT_MANIFEST_BYTES,
  encodeAuditManifest,
  parseAuditManifest,
} from './config/audit-manifest.ts';
export type { WorkloadIdentity } from './config/configuration-input.ts';
export {
  attestationServersHash,
  platformTree,
  runtimeVersionHash,
  workloadsHash,
  type PlatformTreeInput,
} from './config/platform-tree.ts';
export { workloadTree, type WorkloadTreeInput } from './config/workload-tree.ts';
export {
  MAX_EXTENSION_TEXT_BYTES,
  platformExtensions,
  routeExtensions,
  workloadExtensions,
  type PlatformFacts,
  type WorkloadFacts,
} from './config/configuration-extensions.ts';
export {
  MAX_EXTENSION_VALUE_BYTES,
  readAttestationExtensions,
  type AttestationExtensions,
  type CertificateEvidence,
  type EvidenceKind,
} from './binding/attestation-extensions.ts';
export { MAX_QUOTE_BYTES } from './quote/quote-limits.ts';
export {
  QE_VENDOR_INTEL,
  QE_VENDOR_INTEL_HEX,
  QUOTE_HEADER_BYTES,
  encodeQuoteHeader,
  type QuoteHeader,
  type QuoteTee,
  type QuoteVersion,
} from './quote/quote-header.ts';
export {
  SGX_REPORT_BYTES,
  encodeSgxReport,
  parseSgxReport,
  type SgxReport,
} from './quote/sgx-report.ts';
export {
  TD_REPORT_BYTES,
  encodeTdReport,
  parseTdReport,
  type RuntimeRegisters,
  type TdReport,
  type TdReportExtension,
  type TdReportVersion,
} from './quote/td-report.ts';
export { isDebugTd, tdAttributeFlags, type TdAttributeFlags } from './quote/td-attributes.ts';
export type { QuoteSignature, QuoteSignatureParts } from './quote/quote-signature.ts';
export {
  encodeQuote,
  encodeQuoteSignedRegion,
  parseQuote,
  type Quote,
  type QuoteContent,
  type SgxQuote,
  type TdxQuote,
} from './quote/quote.ts';
export {
  SGX_PCK_EXTENSION_OID,
  TCB_COMPONENTS,
  parsePckExtension,
  type PckExtension,
  type SgxType,
} from './quote/sgx-pck-extension.ts';
export { encodePckExtension } from './quote/sgx-pck-extension-writer.ts';
export {
  SNP_REPORT_BYTES,
  parseSnpReport,
  type SnpFirmwareVersion,
  type SnpPolicy,
  type SnpReport,
  type SnpSigningKey,
} from './quote/snp-report.ts';
export {
  EV_NO_ACTION,
  MAX_EVENT_LOG_BYTES,
  parseCcel,
  type CcelDigest,
  type CcelEvent,
  type CcelRegister,
} from './log/ccel.ts';
export {
  EMPTY_REGISTER,
  extendRegister,
  replayEvents,
  type RegisterValues,
} from './log/register-replay.ts';
export { MAX_CANONICAL_DEPTH, canonicalJson } from './json/canonical-json.ts';
export {
  digestRuntimeEvent,
  parseRuntimeEvent,
  type CaEvent,
  type PlatformEvent,
  type RuntimeEvent,
  type WorkloadLoadEvent,
  type WorkloadUnloadEvent,
} from './log/runtime-event.ts';
export {
  MAX_RUNTIME_EVENTS,
  loadedWorkloads,
  replayRuntimeEvents,
  type LoadedWorkload,
} from './log/runtime-log.ts';
export { parseCollateral, type Collateral } from './document/collateral.ts';
export {
  encodeWorkloadEvidence,
  parseWorkloadEvidence,
  type WorkloadEvidence,
} from './document/workload-evidence-document.ts';
export {
  MAX_DOCUMENT_BYTES,
  encodeAttestationDocument,
  parseAttestationDocument,
  type AttestationDocument,
} from './document/attestation-document.ts';
