// SPDX-License-Identifier: Apache-2.0
export {
  type CertificateDescription,
  type CollateralDescription,
  type CrlDescription,
  type Draft,
  type Period,
  type PlatformCertificates,
  type PlatformDescription,
  type QuoteDescription,
  type QuoteKind,
  type QuotingEnclaveDescription,
  type SignedDocument,
} from './description/platform-description.ts';
export {
  type EnclaveTcbLevel,
  type PlatformTcbLevel,
  type QeIdentity,
  type TcbComponent,
  type TcbInfo,
  type TcbStatus,
  type TcbVerdict,
  type TdxModule,
  type TdxModuleIdentity,
} from './description/tcb-documents.ts';
export { SIMULATOR_ERRORS, SimulatorError, type SimulatorErrorCode } from './errors.ts';
export {
  type ExpectedOutcome,
  type RefusalArea,
  type SimulatedFault,
} from './faults/simulated-fault.ts';
export { SIMULATED_FAULTS, simulatedFault } from './faults/simulated-faults.ts';
export { SIMULATED_ORGANIZATION } from './issue/certificate-issuer.ts';
export { loadSimulatedPlatform, saveSimulatedPlatform } from './platform-directory.ts';
export { SIMULATED_FMSPC, type PlatformIdentity, type PlatformKeys } from './platform-identity.ts';
export { type GuestRegister } from './rtmr-bank.ts';
export { serveCollateral, type ServeCollateralOptions } from './serve/collateral-service.ts';
export { type RunningService, type ServiceLogger } from './serve/http-service.ts';
export { servePlatform, type ServePlatformOptions } from './serve/platform-service.ts';
export { newSigningKey, type SigningKey } from './signing-key.ts';
export {
  createSimulatedPlatform,
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
} from './simulated-platform.ts';
