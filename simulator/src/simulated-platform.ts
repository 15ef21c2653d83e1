// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  asSha384,
  copyBytes,
  sha256,
  toHex,
  type Collateral,
  type ReportData,
  type RuntimeRegisters,
  type Sha384,
} from '@proofgate/evidence';
import { setTimeout as wait } from 'node:timers/promises';
import type { PlatformDescription, QuoteKind } from './description/platform-description.ts';
import { soundPlatform } from './description/sound-platform.ts';
import { SimulatorError } from './errors.ts';
import { CertificateIssuer } from './issue/certificate-issuer.ts';
import { issueCollateral } from './issue/collateral-issuer.ts';
import { quoteKind, QuoteWriter } from './issue/quote-writer.ts';
import { newPlatformIdentity, type PlatformIdentity } from './platform-identity.ts';
import { RtmrBank, type GuestRegister } from './rtmr-bank.ts';
import { sealingKey } from './sealing-key.ts';

/** What a simulated platform can be told. */
export interface SimulatedPlatformOptions {
  /** When it is made. Given without `clock`, its time stands still. @defaultValue now */
  readonly at?: Date;
  /** Its time, by which collateral is issued anew. @defaultValue the system's */
  readonly clock?: () => Date;
  /** 12 hex digits. @defaultValue `f0f0f0f0f0f0` */
  readonly fmspc?: string;
  /** 3 makes SGX quotes. @defaultValue 4 */
  readonly quoteVersion?: 3 | 4 | 5;
  /** How long a quote takes; one is made at a time. @defaultValue 0 */
  readonly latencyMs?: number;
  /** An identity of an earlier run, which then decides about `at` and `fmspc`. */
  readonly identity?: PlatformIdentity;
  /** Changes the description of a sound platform before anything is signed. */
  readonly alter?: (platform: PlatformDescription) => void;
}

/** A software TDX platform: it makes what hardware and Intel would make, under a root of its own. */
export interface SimulatedPlatform {
  /** DER. */
  readonly rootCertificate: Uint8Array;
  /** SHA-256 of the root certificate, hex: how policies name a simulated root. */
  readonly rootSha256: string;
  /** 12 lower-case hex digits. */
  readonly fmspc: string;
  /** Private keys and dates, to be saved. */
  readonly identity: PlatformIdentity;
  /**
   * Makes a quote over the registers' current values.
   *
   * @param reportData - 64 bytes
   * @throws SimulatorError `ERR_SIMULATOR_REPORT_DATA`
   */
  quote(reportData: Uint8Array): Promise<Uint8Array>;
  /**
   * Extends a register: SHA-384(value ‖ digest).
   *
   * @param register - 2 or 3
   * @param digest - 48 bytes
   * @throws SimulatorError `ERR_SIMULATOR_REGISTER`, `ERR_SIMULATOR_DIGEST`
   */
  extend(register: GuestRegister, digest: Uint8Array): Promise<void>;
  /** The TD's measurements at this moment. */
  measurements(): { readonly mrtd: Sha384; readonly rtmr: RuntimeRegisters };
  /**
   * A key that only this platform gives, and only to a TD with these measurements (MRTD, RTMR0 to RTMR2).
   *
   * @param context - names what the key is for
   * @returns 32 bytes
   */
  sealingKey(context: string): Uint8Array;
  /**
   * Collateral that is valid now.
   *
   * @param kind - for which quotes; by default for those that this platform makes
   */
  collateral(kind?: QuoteKind): Collateral;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Collateral lives 30 days. Half of that is left to whoever stores it. */
const REISSUE_AFTER_MS = 15 * DAY_MS;

/** Bytes of REPORTDATA. */
const REPORT_DATA_BYTES = 64;

/**
 * Makes a simulated platform.
 *
 * @param options - what differs from a sound platform made now
 * @returns the platform
 * @throws SimulatorError `ERR_SIMULATOR_OPTION`
 *
 * @example
 * ```ts
 * const platform = createSimulatedPlatform({ at: new Date('2026-01-01T00:00:00Z') });
 * const quote = await platform.quote(reportData);
 * const forged = createSimulatedPlatform({ alter: simulatedFault('N7').apply });
 * ```
 */
export function createSimulatedPlatform(options: SimulatedPlatformOptions = {}): SimulatedPlatform {
  const clock = clockOf(options);
  const identity = options.identity ?? newPlatformIdentity(clock(), options.fmspc);
  const description = soundPlatform(identity);
  description.quote.version = options.quoteVersion ?? description.quote.version;
  options.alter?.(description);

  const certificates = new CertificateIssuer();
  const rootCertificate = certificates.certificate(description.certificates.root);
  const writer = new QuoteWriter(description, certificates);
  const bank = new RtmrBank(description.td.rtmr);
  const inTurn = oneAtATime(options.latencyMs ?? 0);
  const issue = reissuing(clock, (kind, issueTime) =>
    issueCollateral(description, kind, certificates, issueTime),
  );

  const measurements = (): ReturnType<SimulatedPlatform['measurements']> => ({
    mrtd: asSha384(description.td.mrTd),
    rtmr: bank.values(),
  });
  return {
    rootCertificate: copyBytes(rootCertificate),
    rootSha256: toHex(sha256(rootCertificate)),
    fmspc: identity.fmspc,
    identity: { ...identity, rootCertificate: copyBytes(rootCertificate) },
    async quote(reportData) {
      const wanted = checkedReportData(reportData);
      return inTurn(() => writer.write(wanted, bank.values()));
    },
    // Async, so that a refusal is a rejection as it is for every other way to extend a register.
    async extend(register, digest) {
      bank.extend(register, digest);
    },
    measurements,
    sealingKey: (context) => sealingKey(identity.keys.attestation, measurements(), context),
    collateral: (kind) => issue(kind ?? quoteKind(description.quote)),
  };
}

function clockOf({ clock, at }: SimulatedPlatformOptions): () => Date {
  if (clock !== undefined) return clock;
  if (at !== undefined) return () => at;
  return () => new Date();
}

function checkedReportData(reportData: Uint8Array): ReportData {
  if (reportData.length === REPORT_DATA_BYTES) return asReportData(reportData);
  throw new SimulatorError(
    'ERR_SIMULATOR_REPORT_DATA',
    `report data has ${reportData.length} bytes, not ${REPORT_DATA_BYTES}`,
    { expected: `${REPORT_DATA_BYTES} bytes`, seen: `${reportData.length} bytes` },
  );
}

/** Hardware makes one quote at a time and takes its time for it. */
function oneAtATime(latencyMs: number): <T>(make: () => T) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return (make) => {
    const mine = turn.then(async () => {
      if (latencyMs > 0) await wait(latencyMs);
      return make();
    });
    // The next one waits for this one's end, whatever that is.
    turn = mine.catch(() => undefined);
    return mine;
  };
}

/** Keeps issued collateral until it nears its end, so that everybody who asks meanwhile gets the same bytes. */
function reissuing(
  clock: () => Date,
  issue: (kind: QuoteKind, issueTime: Date) => Collateral,
): (kind: QuoteKind) => Collateral {
  const issued = new Map<QuoteKind, { readonly at: number; readonly collateral: Collateral }>();
  return (kind) => {
    const now = clock();
    const latest = issued.get(kind);
    if (latest !== undefined && isFresh(latest.at, now.getTime())) return latest.collateral;
    const collateral = issue(kind, now);
    issued.set(kind, { at: now.getTime(), collateral });
    return collateral;
  };
}

/** A clock that went back makes collateral that is not yet valid, which is no better than old collateral. */
function isFresh(issuedAt: number, now: number): boolean {
  return now >= issuedAt && now - issuedAt < REISSUE_AFTER_MS;
}
