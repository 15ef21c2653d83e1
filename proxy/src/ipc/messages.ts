// SPDX-License-Identifier: Apache-2.0
import type { AddressRange, HostPort, UserAndGroup } from '@proofgate/api';
import { ProxyError } from '../errors.ts';
import { readMetricsReport, type MetricsReport } from '../metrics/metrics-report.ts';
import type { DrainTimes, WorkerLimits } from '../worker/worker.ts';
import {
  readEvidenceMessage,
  type EvidenceAnswer,
  type EvidenceCancel,
  type EvidenceRequest,
} from './evidence-messages.ts';
import type { Snapshot } from './snapshot.ts';

/** What a worker is told before anything else. */
export interface WorkerSettings {
  readonly listen: HostPort;
  /** Whose connections have to begin with a header of the PROXY protocol. */
  readonly proxyProtocolFrom: readonly AddressRange[];
  readonly limits: WorkerLimits;
  /** Ids to change to; only a worker that starts as root can. */
  readonly ids: UserAndGroup | undefined;
  readonly logLevel: string;
  /** Share of the requests that leave a line, from 0 to 1; those that fail always do. */
  readonly accessLogSample: number;
}

/**
 * From primary to worker: `configure` once, in answer to `loaded`; snapshots after the worker has said `unprivileged`; `drain` last.
 * Keys are only in snapshots. `collect` asks for metrics at any time.
 */
export type PrimaryMessage =
  | { readonly kind: 'configure'; readonly settings: WorkerSettings }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'drain'; readonly times: DrainTimes }
  | { readonly kind: 'collect'; readonly ticket: number }
  | EvidenceAnswer;

/**
 * From worker to primary: `loaded` once it listens to messages, then what it has done; `applied` when it acts on nothing
 * older than a snapshot any more.
 */
export type WorkerMessage =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'unprivileged' }
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'applied'; readonly version: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | MetricsReport
  | EvidenceRequest
  | EvidenceCancel;

const PRIMARY_KINDS: readonly unknown[] = [
  'configure',
  'snapshot',
  'drain',
  'collect',
  'evidence-batch',
  'evidence-challenge',
  'evidence-refusal',
] satisfies PrimaryMessage['kind'][];

/**
 * Reads a message in a worker.
 *
 * @throws ProxyError ERR_PROXY_IPC_MESSAGE
 */
export function parsePrimaryMessage(value: unknown): PrimaryMessage {
  if (!isObject(value) || !PRIMARY_KINDS.includes(value['kind'])) throw invalid(value);
  // Sound: the channel leads to the process that forked us, which runs this same file.
  return value as unknown as PrimaryMessage;
}

/**
 * Reads a message in the primary, field by field: a worker faces the network and may have been taken over.
 *
 * @throws ProxyError ERR_PROXY_IPC_MESSAGE
 */
export function parseWorkerMessage(value: unknown): WorkerMessage {
  if (!isObject(value)) throw invalid(value);
  const read = readProgress(value) ?? readEvidenceMessage(value) ?? readMetricsReport(value);
  if (read === undefined) throw invalid(value);
  return read;
}

/** What a worker says of itself. */
function readProgress(fields: Readonly<Record<string, unknown>>): WorkerMessage | undefined {
  const { kind, port, version, code, message } = fields;
  if (kind === 'loaded' || kind === 'unprivileged') return { kind };
  if (kind === 'listening' && Number.isInteger(port)) return { kind, port: Number(port) };
  if (kind === 'applied' && Number.isInteger(version)) return { kind, version: Number(version) };
  if (kind === 'failed' && typeof code === 'string' && typeof message === 'string') {
    return { kind, code: code.slice(0, 100), message: message.slice(0, 1_000) };
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function invalid(value: unknown): ProxyError {
  const kind = isObject(value) ? value['kind'] : value;
  return new ProxyError('ERR_PROXY_IPC_MESSAGE', 'message is not known', {
    seen: String(kind).slice(0, 100),
  });
}
