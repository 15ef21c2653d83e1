// SPDX-License-Identifier: Apache-2.0
import {
  attestationServersRequestSchema,
  managementOpenApi,
  parseByteSize,
  resizeRequestSchema,
  tlsRequestSchema,
  type AttestationServer,
  type AttestationServersAnswer,
  type EventLogAnswer,
  type HealthAnswer,
  type ReadinessAnswer,
  type ResizeAnswer,
  type TlsAnswer,
  type VolumeDeleted,
  type VolumesAnswer,
} from '@proofgate/api';
import { METRICS_CONTENT_TYPE, type UnixResponse } from '@proofgate/daemon';
import { toBase64 } from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';
import { LAUNCHER_VERSION } from '../launcher-version.ts';
import { bytesAnswer, jsonAnswer } from './answers.ts';
import { readContent } from './call.ts';
import { InvalidFieldsError } from './invalid-fields.ts';
import type { ManagementTarget } from './management-target.ts';
import type { OperationCall, Operations } from './operations.ts';

/** How Enclave OS names the logical volume of a container. */
const LOGICAL_VOLUME = 'vol-';

type PlatformOperation = Exclude<
  keyof Operations,
  | 'getLogs'
  | 'loadContainer'
  | 'unloadContainer'
  | 'execInContainer'
  | 'setExtension'
  | 'completeConfig'
>;

/** What can be asked and changed of the VM as a whole. */
export function platformOperations(): Pick<Operations, PlatformOperation> {
  const openApi = JSON.stringify(managementOpenApi(LAUNCHER_VERSION));
  return {
    getHealth: ({ target }) => Promise.resolve(health(target)),
    getOpenApi: () => Promise.resolve(bytesAnswer(200, 'application/json', openApi)),
    getReadiness: ({ target }) => Promise.resolve(readiness(target)),
    getStatus: ({ target }) => Promise.resolve(jsonAnswer(200, target.status())),
    getEventLog: eventLog,
    getMetrics: ({ target, metrics }) =>
      Promise.resolve(bytesAnswer(200, METRICS_CONTENT_TYPE, metrics.render(target))),
    getVolumes: async ({ target }) => {
      const volumes = await target.volumes();
      const answer: VolumesAnswer = {
        volumes: volumes.map((volume) => ({
          ...volume,
          lv_name: `${LOGICAL_VOLUME}${volume.name}`,
        })),
      };
      return jsonAnswer(200, answer);
    },
    resizeVolume: async (call) => {
      const { size } = readContent(call, () => resizeRequestSchema);
      call.note({ size });
      await call.target.resizeVolume(await volumeName(call), parseByteSize(size));
      const answer: ResizeAnswer = { status: 'resized', size };
      return jsonAnswer(200, answer);
    },
    deleteVolume: async (call) => {
      await call.target.deleteVolume(await volumeName(call));
      const answer: VolumeDeleted = { status: 'deleted' };
      return jsonAnswer(200, answer);
    },
    replaceCa,
    setAttestationServers,
  };
}

function health(target: ManagementTarget): UnixResponse {
  const answer: HealthAnswer = { status: target.ready() ? 'ok' : 'starting' };
  return jsonAnswer(target.ready() ? 200 : 503, answer);
}

function readiness(target: ManagementTarget): UnixResponse {
  const all = target.status();
  const waiting = all
    .filter(({ status }) => status !== 'running' && status !== 'healthy')
    .map(({ name }) => name);
  const ready = target.ready() && waiting.length === 0;
  const answer: ReadinessAnswer = {
    status: ready ? 'ready' : 'not_ready',
    containers: all.length,
    ...(waiting.length === 0 ? {} : { waiting }),
  };
  return jsonAnswer(ready ? 200 : 503, answer);
}

async function eventLog({ target }: OperationCall): Promise<UnixResponse> {
  const boot = await target.bootLog();
  const answer: EventLogAnswer = {
    ...(boot === undefined ? {} : { raw: toBase64(boot.bytes), source: boot.source }),
    app_events: target.eventLog(),
  };
  return jsonAnswer(200, answer);
}

/** A volume may be called by either of its names; the plain one wins where both exist. */
async function volumeName({ target, name }: OperationCall): Promise<string> {
  const names = new Set((await target.volumes()).map((volume) => volume.name));
  const plain = name.startsWith(LOGICAL_VOLUME) ? name.slice(LOGICAL_VOLUME.length) : name;
  const found = [name, plain].find((candidate) => names.has(candidate));
  if (found !== undefined) return found;
  throw new LauncherError('ERR_LAUNCHER_VOLUME_UNKNOWN', `there is no volume "${name}"`);
}

async function replaceCa(call: OperationCall): Promise<UnixResponse> {
  const { ca_cert: certificate, ca_key: key } = readContent(call, () => tlsRequestSchema);
  const { commonName, notBefore, notAfter } = await call.target.replaceCa(certificate, key);
  call.note({ commonName, notAfter: notAfter.toISOString() });
  const answer: TlsAnswer = {
    status: 'updated',
    cn: commonName,
    not_before: notBefore.toISOString(),
    not_after: notAfter.toISOString(),
  };
  return jsonAnswer(200, answer);
}

async function setAttestationServers(call: OperationCall): Promise<UnixResponse> {
  const { servers } = readContent(call, () => attestationServersRequestSchema);
  call.note({ urls: servers.map(({ url }) => url) });
  refuseTokens(servers);
  const hash = await call.target.setAttestationServers(servers);
  const answer: AttestationServersAnswer = {
    status: 'attestation_servers_updated',
    server_count: servers.length,
    hash,
  };
  return jsonAnswer(200, answer);
}

/** Nothing here asks the servers, so that a token would be kept by nobody: whoever sends one has to know. */
function refuseTokens(servers: readonly AttestationServer[]): void {
  const errors = servers.flatMap(({ token }, index) =>
    token === undefined
      ? []
      : [
          {
            pointer: `/servers/${String(index)}/token`,
            detail:
              'is not supported: certificates name the server, and verifiers have tokens of their own',
          },
        ],
  );
  if (errors.length > 0) throw new InvalidFieldsError('ERR_LAUNCHER_REQUEST_INVALID', errors);
}
