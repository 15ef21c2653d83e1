// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@proofgate/api';
import type { Logger } from '@proofgate/daemon';
import type { GatewayPublisher } from './gateway/gateway-publisher.ts';
import type { PlatformIdentity } from './gateway/gateway-state.ts';
import type { AttestationServers } from './measurement/attestation-servers.ts';
import type { EventLog } from './measurement/event-log.ts';
import type { PlannedWorkload } from './measurement/measurement-plan.ts';
import type { PlatformFiles } from './measurement/platform-files.ts';
import type { FileClaims } from './supervision/file-claims.ts';
import type { LoadedFile } from './supervision/loaded-file.ts';
import type { ServedRuntime } from './supervision/served-runtime.ts';
import type { SupervisionTiming } from './supervision/supervision-timing.ts';
import type { WorkloadRecords } from './supervision/workload-records.ts';

/** What a launcher at work consists of. */
export interface LauncherParts {
  /** The config file with the attestation servers in force; what is loaded at run time is not in it. */
  readonly config: VmConfig;
  readonly files: PlatformFiles;
  /** What is in the event log already. */
  readonly workloads: readonly PlannedWorkload[];
  readonly runtime: ServedRuntime;
  readonly records: WorkloadRecords;
  readonly log: EventLog;
  readonly loaded: LoadedFile;
  /** Of the config file. */
  readonly claims: FileClaims;
  readonly attestationServers: AttestationServers;
  /** Images by workload, as {@link LoadedFile} had them. */
  readonly images: ReadonlyMap<string, readonly string[]>;
  readonly publisher: GatewayPublisher;
  readonly identity: PlatformIdentity;
  /** Absolute path of the directory of the sockets. */
  readonly runDir: string;
  readonly logger: Logger;
  readonly timing: SupervisionTiming;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
