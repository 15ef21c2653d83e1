// SPDX-License-Identifier: Apache-2.0
import type { ConfigfsReport, ConfigfsReports } from './configfs-reports.ts';
import { AttesterError, errnoOf } from '../errors.ts';
import { explainTsmError } from './tsm-errors.ts';

/** A kernel driver behind configfs-tsm, as its `provider` attribute names it. */
export type TsmProvider = 'tdx_guest' | 'sev_guest';

/** What a report is taken with; the outside world comes in here. */
export interface TsmReportSource {
  readonly reports: ConfigfsReports;
  /** A directory name that nobody else uses. */
  readonly uniqueName: () => string;
  /** Waits; rejects when `signal` aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What is asked of the kernel. */
export interface TsmReportRequest {
  readonly provider: TsmProvider;
  /** The 64 bytes that the report shall cover. */
  readonly inblob: Uint8Array;
  /** Also read the certificates that the host may supply (SEV-SNP). */
  readonly auxblob?: boolean;
}

/** What the kernel answered. */
export interface TsmReport {
  readonly outblob: Uint8Array;
  /** Empty when not asked for, or when the host supplies none. */
  readonly auxblob: Uint8Array;
}

/**
 * Tries before giving up. With the waits below, 12 tries last about 17 s: long enough for the kernel to finish a
 * request that a signal interrupted, short enough for the queue's deadline.
 */
const MAX_ATTEMPTS = 12;
/** First wait after a refused try, doubled for each further one … */
const FIRST_BACKOFF_MS = 100;
/** … up to this, twice the interval at which the kernel polls the host. */
const MAX_BACKOFF_MS = 2000;

/** Largest `outblob` and `auxblob`: the kernel's own limit was 32 KiB and is being raised. */
const MAX_BLOB_BYTES = 128 * 1024;
/** `generation` and `provider` are short words; the kernel's page is the natural limit. */
const MAX_TEXT_BYTES = 4096;

/** The kernel says "not now": another request in flight, its state changed, or a signal arrived. */
const TRANSIENT: ReadonlySet<string> = new Set(['EBUSY', 'EWOULDBLOCK', 'EAGAIN', 'EINTR']);

/**
 * Takes one report from the kernel, as `Documentation/ABI/testing/configfs-tsm-report` describes: a fresh directory,
 * one write of `inblob`, a read of `outblob`, the directory removed. Reports are cached by the kernel for each
 * directory, and others may write to it, so every try uses a new one and watches the generation counter.
 *
 * The caller must still compare the report data inside the answer with what it asked for.
 *
 * @param source - file operations, names and waiting
 * @param request - what is asked
 * @param signal - stops between two steps; a step inside the kernel cannot be interrupted
 * @returns the raw answer, padding included
 * @throws AttesterError `ERR_ATTESTER_NO_TEE`, `ERR_ATTESTER_PERMISSION`, `ERR_ATTESTER_WRONG_PROVIDER`,
 * `ERR_ATTESTER_BUSY`, `ERR_ATTESTER_GENERATION`, `ERR_ATTESTER_INPUT_REFUSED`, `ERR_ATTESTER_QUOTE_EMPTY`,
 * `ERR_ATTESTER_QUOTE_FAILED`, `ERR_ATTESTER_QUOTE_TIMEOUT`, `ERR_ATTESTER_ATTRIBUTE_TOO_LARGE`
 */
export async function takeTsmReport(
  source: TsmReportSource,
  request: TsmReportRequest,
  signal: AbortSignal,
): Promise<TsmReport> {
  let backoff = FIRST_BACKOFF_MS;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await inFreshDirectory(source, (report) => fillAndRead(report, request, signal));
    } catch (error) {
      if (!isTransient(error)) throw explainTsmError(error);
      if (attempt === MAX_ATTEMPTS) throw gaveUp(error);
    }
    await source.sleep(backoff, signal);
    backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
  }
}

/**
 * Finds out which TEE the kernel attests with.
 *
 * @param source - file operations and names
 * @returns the driver's name, for example `tdx_guest`; `undefined` when there is none
 * @throws AttesterError `ERR_ATTESTER_PERMISSION`, `ERR_ATTESTER_QUOTE_FAILED`
 */
export async function detectTsmProvider(
  source: Pick<TsmReportSource, 'reports' | 'uniqueName'>,
): Promise<string | undefined> {
  try {
    return await inFreshDirectory(source, (report) => readText(report, 'provider'));
  } catch (error) {
    const explained = explainTsmError(error);
    if (explained.code === 'ERR_ATTESTER_NO_TEE') return undefined;
    throw explained;
  }
}

async function inFreshDirectory<T>(
  source: Pick<TsmReportSource, 'reports' | 'uniqueName'>,
  use: (report: ConfigfsReport) => Promise<T>,
): Promise<T> {
  const report = await source.reports.create(source.uniqueName());
  let result: T;
  try {
    result = await use(report);
  } catch (error) {
    // The first failure is the one to report; a directory that stays behind is a consequence of it.
    await report.remove().catch(() => undefined);
    throw error;
  }
  await report.remove();
  return result;
}

async function fillAndRead(
  report: ConfigfsReport,
  request: TsmReportRequest,
  signal: AbortSignal,
): Promise<TsmReport> {
  const provider = await readText(report, 'provider');
  if (provider !== request.provider) throw wrongProvider(request.provider, provider);

  const before = await readGeneration(report);
  await report.write('inblob', request.inblob);
  // The kernel ignores errors of the commit, which happens at close: only the counter shows whether it took place.
  await expectGeneration(report, before + 1n);
  signal.throwIfAborted();
  const outblob = await report.read('outblob', MAX_BLOB_BYTES);
  const auxblob =
    request.auxblob === true ? await report.read('auxblob', MAX_BLOB_BYTES) : new Uint8Array();
  await expectGeneration(report, before + 1n);

  if (outblob.length === 0) throw emptyReport();
  return { outblob, auxblob };
}

async function readText(report: ConfigfsReport, attribute: string): Promise<string> {
  const bytes = await report.read(attribute, MAX_TEXT_BYTES);
  return new TextDecoder().decode(bytes).trim();
}

async function readGeneration(report: ConfigfsReport): Promise<bigint> {
  const text = await readText(report, 'generation');
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new AttesterError(
    'ERR_ATTESTER_QUOTE_FAILED',
    `attribute generation is not a decimal number: ${JSON.stringify(text.slice(0, 40))}`,
  );
}

async function expectGeneration(report: ConfigfsReport, expected: bigint): Promise<void> {
  const seen = await readGeneration(report);
  if (seen === expected) return;
  throw new AttesterError(
    'ERR_ATTESTER_GENERATION',
    `attribute generation is ${seen} where one write makes it ${expected}`,
    {
      expected: String(expected),
      seen: String(seen),
      hint: 'let no other program write below the configfs-tsm report directory of this process',
    },
  );
}

function isTransient(error: unknown): boolean {
  if (error instanceof AttesterError) return error.code === 'ERR_ATTESTER_GENERATION';
  return TRANSIENT.has(errnoOf(error) ?? '');
}

function gaveUp(error: unknown): AttesterError {
  if (error instanceof AttesterError) return error;
  return new AttesterError(
    'ERR_ATTESTER_BUSY',
    `the kernel refused ${MAX_ATTEMPTS} times with ${errnoOf(error) ?? 'an unknown error'}`,
    {
      hint: 'a request that the host never answered keeps the kernel busy: look at the host, or restart the VM',
      cause: error,
    },
  );
}

function wrongProvider(expected: TsmProvider, seen: string): AttesterError {
  return new AttesterError(
    'ERR_ATTESTER_WRONG_PROVIDER',
    `attribute provider is ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`,
    { expected, seen, hint: 'set platform.tee to the TEE of this machine, or to auto' },
  );
}

function emptyReport(): AttesterError {
  return new AttesterError('ERR_ATTESTER_QUOTE_EMPTY', 'attribute outblob is empty', {
    hint: 'the host is not connected to its quote generation service; older host software says so with no error',
  });
}
