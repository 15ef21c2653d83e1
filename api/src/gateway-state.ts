// SPDX-License-Identifier: Apache-2.0

import type { RuntimeEvent } from '@proofgate/evidence';
import type { ClientsMode, PolicyObject } from './client-rules.ts';
import type { AttestationMode } from './container-config.ts';
import type { HostMode } from './upstream.ts';

/** Everything the proxy needs to serve: one complete, versioned snapshot that the launcher replaces as a whole. */
export interface GatewayState {
  readonly version: 1;
  /** Grows with every change within one boot of the launcher; the proxy refuses to go back. */
  readonly revision: number;
  /** Names one run of the launcher: a new one may start at revision 0 again. */
  readonly bootId: string;
  readonly platform: GatewayPlatform;
  /** From the first event of the boot to the last. */
  readonly eventLog: readonly RuntimeEvent[];
  readonly hosts: readonly GatewayHost[];
}

/** Facts of the VM that every host's attestation document repeats. */
export interface GatewayPlatform {
  readonly tee: 'tdx' | 'sev-snp';
  /** Whether the evidence comes from a software platform; a hint, verifiers decide by its root. */
  readonly simulated: boolean;
  readonly runtimeVersion: string;
  readonly imageProfile?: string;
  /** Base64 of the platform tree's audit manifest. */
  readonly manifest?: string;
  /** Base64 of the TCG event log of the VM's own boot, where the firmware left one. */
  readonly ccel?: string;
}

/** One host name, where its traffic goes, and what its certificate says. */
export interface GatewayHost {
  readonly hostname: string;
  readonly mode: HostMode;
  /** As in a route of the file; see `parseUpstream`. */
  readonly upstream: string;
  /**
   * Where the workload that was served under this name before still answers, and nothing else: the host is served there
   * until the new certificate is made, and connections that were proved with the old one go on there.
   */
  readonly retiring?: string;
  readonly attestation: AttestationMode;
  /**
   * Names how the workload runs, lower-case hex: the event log says it and the certificate does not. What differs in it
   * alone is another workload all the same.
   */
  readonly spec?: string;
  readonly extensions: readonly GatewayExtension[];
  /** Base64 of the workload tree's audit manifest. */
  readonly manifest?: string;
  readonly limits?: GatewayHostLimits;
  /** The route by which the owner configures the workload; only in mode `http`. */
  readonly configure?: GatewayConfigure;
  /** What its clients have to prove; nothing when absent. */
  readonly clients?: GatewayClients;
}

/** What the clients of one host have to prove. */
export interface GatewayClients {
  readonly mode: Exclude<ClientsMode, 'none'>;
  readonly policy: PolicyObject;
}

/** One route that goes to the launcher, which asks who it is, while the rest may have to wait for it. */
export interface GatewayConfigure {
  /** Upper case. */
  readonly method: string;
  /** Exact path; without a query. */
  readonly path: string;
  /** The launcher's socket, `unix:/path`. */
  readonly upstream: string;
  /** Whether the rest of the host is served. */
  readonly open: boolean;
}

/** An extension of a leaf: dotted OID, and base64 of the raw value. */
export interface GatewayExtension {
  readonly oid: string;
  readonly value: string;
}

/** Limits of one host that differ from the proxy's own, in milliseconds and bytes. */
export interface GatewayHostLimits {
  readonly bodyBytes?: number;
  readonly requestTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly responseTimeoutMs?: number;
}
