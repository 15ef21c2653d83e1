// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EnrolmentSettings, PlatformConfig } from '@proofgate/api';
import { openPlatform, type Platform } from '@proofgate/attester';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import type { EnrolledIntermediary, KeyStore, ServiceRequirements } from '@proofgate/ca/enrolment';
import { backoff, writeFileAtomic, type Logger } from '@proofgate/daemon';
import {
  decodePem,
  equalBytes,
  parseCertificate,
  toHex,
  type Certificate,
} from '@proofgate/evidence';

import { CliError } from '../errors.ts';
import { readText } from '../input/input-file.ts';
import { isInMemory } from './memory-file-system.ts';
import { readServiceRequirements } from './service-requirements.ts';

/** What keeping an enrolled intermediary takes. */
export interface EnrolledCaOptions {
  readonly platform: PlatformConfig;
  readonly settings: EnrolmentSettings;
  readonly logger: Logger;
  readonly clock: () => Date;
  /** Ends the renewal. */
  readonly signal: AbortSignal;
}

/** Part of its life after which an intermediary is renewed: there is as long as the rest of it to mend a CA. */
const RENEW_AFTER = 2 / 3;
/** First and longest pause between attempts: a CA that is down is back within minutes, or much later. */
const RETRY = { initialMs: 1_000, maxMs: 300_000 } as const;
/** Timers stand still while a machine sleeps, and clocks are set: how often it is looked what time it is. */
const LOOK_EVERY_MS = 3_600_000;
/** Names of keys begin with this; the serial number of their certificate follows. */
const KEY_NAMES = 'intermediary';
/** With less there is nothing to start with: a leaf lives for five minutes at least. */
const LEAST_LEFT_MS = 900_000;

/**
 * Makes sure that this machine has an intermediary: the one of before if it is still good, else a new one by attested
 * enrolment. Returns when the files that launcher and proxy read are there, and renews them from then on; the launcher
 * notices.
 *
 * @param options - where from, where to, how the key is kept
 * @returns what settles when the renewal has ended, which is when the signal is aborted
 * @throws the reason of the signal when it is aborted before there is an intermediary; CliError for settings that
 *   cannot work here
 */
export async function keepEnrolled(
  options: EnrolledCaOptions,
): Promise<{ readonly renewal: Promise<void> }> {
  const { platform, settings, clock } = options;
  const attester = await openPlatform({ tee: platform.tee, runDir: platform.run_dir });
  const store = await openStore(platform, settings, attester);
  for (const directory of [dirname(platform.ca_cert), dirname(platform.ca_key)]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await removeTemporaryFiles(directory);
  }
  const enrolment: Enrolment = {
    ...options,
    attester,
    store,
    host: hostOf(platform, settings),
    rootPem: await readText(settings.root),
    ...(await readServiceRequirements(settings, attester, clock)),
  };
  await warnOfDisk(enrolment);
  const kept = await keptIntermediary(enrolment);
  const present = kept ?? (await untilEnrolled(enrolment, 'enrol'));
  if (kept !== undefined) await writeKey(enrolment, kept.privateKey);
  return { renewal: renew(enrolment, present) };
}

/** What an interrupted write has left, which may be a part of a key. Nothing else is in these directories. */
async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith('.tmp')) await unlink(join(directory, name));
  }
}

/** Launcher and proxy read the key as a file, whatever keeps it over a restart. */
async function warnOfDisk({ platform, settings, logger }: Enrolment): Promise<void> {
  const directory = dirname(platform.ca_key);
  if (settings.key === 'file' || (await isInMemory(directory))) return;
  logger.warn(
    { directory, key: settings.key },
    'the key of the CA is written to a disk: set platform.run_dir to a directory on a tmpfs',
  );
}

interface Enrolment extends EnrolledCaOptions {
  readonly attester: Platform;
  readonly store: KeyStore;
  readonly host: string;
  readonly rootPem: string;
  readonly requires?: ServiceRequirements;
}

interface Present {
  readonly privateKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function hostOf(platform: PlatformConfig, { host }: EnrolmentSettings): string {
  if (host !== undefined) return host;
  return [platform.machine_name, platform.hostname]
    .filter((label) => label !== undefined)
    .join('.');
}

async function openStore(
  { data_dir: dataDir }: PlatformConfig,
  { key }: EnrolmentSettings,
  { sealingKey }: Platform,
): Promise<KeyStore> {
  const { fileKeyStore, memoryKeyStore, sealedKeyStore } = await import('@proofgate/ca/enrolment');
  const directory = join(dataDir, 'ca');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(directory);
  switch (key) {
    case 'file':
      return fileKeyStore(directory);
    case 'memory':
      return memoryKeyStore();
    case 'sealed':
      if (sealingKey === undefined) {
        throw new CliError('ERR_CLI_USAGE', 'this platform has no key to seal with', {
          expected: 'platform.ca.key: file or memory',
          seen: 'sealed',
        });
      }
      return sealedKeyStore(directory, sealingKey);
  }
}

/** What an earlier start has left, if it can still issue; one that is due for renewal is better than none. */
async function keptIntermediary(enrolment: Enrolment): Promise<Present | undefined> {
  const { platform, store, clock, logger } = enrolment;
  const certificatePem = await readFile(platform.ca_cert, 'utf8').catch(() => undefined);
  if (certificatePem === undefined) return undefined;
  try {
    const name = keyNameOf(certificatePem);
    const privateKey = await store.load(name);
    if (privateKey === undefined) return undefined;
    const privateKeyPem = encodePrivateKey(privateKey);
    const { certificate } = loadIssuer({ certificatePem, privateKeyPem, at: clock() });
    checkSettings(certificatePem, certificate, enrolment);
    const { notBefore, notAfter } = certificate;
    if (notAfter.getTime() - clock().getTime() < LEAST_LEFT_MS) return undefined;
    await forgetOthers(store, name);
    return { privateKey, notBefore, notAfter };
  } catch (error) {
    logger.warn({ err: error }, 'the intermediary of before cannot be used: enrolling again');
    return undefined;
  }
}

/** The settings may name another host or another CA than they did then. */
function checkSettings(
  certificatePem: string,
  { nameConstraints }: Certificate,
  { host, rootPem }: Pick<Enrolment, 'host' | 'rootPem'>,
): void {
  const domains = nameConstraints?.permitted.dns ?? [];
  if (!domains.includes(host)) {
    throw new Error(`it is for ${domains.join(', ')} and not for ${host}`);
  }
  const [root] = decodePem(rootPem, 'CERTIFICATE');
  const above = decodePem(certificatePem, 'CERTIFICATE').at(-1);
  if (root === undefined || above === undefined || !equalBytes(root, above)) {
    throw new Error('it is from another CA than platform.ca.root');
  }
}

function keyNameOf(certificatePem: string): string {
  const [certificate] = decodePem(certificatePem, 'CERTIFICATE');
  if (certificate === undefined) throw new Error('the file holds no certificate');
  return `${KEY_NAMES}-${toHex(parseCertificate(certificate).serialNumber)}`;
}

/** Those of earlier certificates, and of one that was never written. */
async function forgetOthers(store: KeyStore, kept: string): Promise<void> {
  const others = (await store.names()).filter(
    (name) => name.startsWith(KEY_NAMES) && name !== kept,
  );
  for (const name of others) await store.remove(name);
}

async function untilEnrolled(enrolment: Enrolment, purpose: 'enrol' | 'renew'): Promise<Present> {
  const { settings, logger, signal, host } = enrolment;
  const retry = backoff({ ...RETRY, factor: 2, jitter: 0.2, random: Math.random });
  for (;;) {
    signal.throwIfAborted();
    try {
      return await enrolOnce(enrolment, purpose);
    } catch (error) {
      logger.error({ err: error, ca: settings.enrol, host }, `cannot ${purpose} with the CA`);
    }
    await delay(retry.next(), undefined, { signal });
  }
}

async function enrolOnce(enrolment: Enrolment, purpose: 'enrol' | 'renew'): Promise<Present> {
  const { settings, attester, clock, host, logger, store, platform } = enrolment;
  const { enrol } = await import('@proofgate/ca/enrolment');
  const enrolled = await enrol({
    ...enrolment,
    ...{ url: settings.enrol, purpose },
    evidence: {
      quote: (reportData, stop) => attester.quotes.quote(reportData, stop),
      collateral: () => attester.collateral(),
    },
  });
  // Whenever this is interrupted, there is a key for the certificate on disk, the old one or the new.
  const name = keyNameOf(enrolled.certificatePem);
  await store.save(name, enrolled.privateKey);
  await writeKey(enrolment, enrolled.privateKey);
  await writeFileAtomic(platform.ca_cert, enrolled.certificatePem, { mode: 0o644 });
  await forgetOthers(store, name);
  logger.info({ host, serial: enrolled.serial, until: enrolled.notAfter }, 'enrolled with the CA');
  return presentOf(enrolled, clock());
}

function presentOf({ privateKey, notAfter }: EnrolledIntermediary, now: Date): Present {
  return { privateKey, notBefore: now, notAfter };
}

/** Below `run_dir`, which should be in memory: what is sealed or forgotten elsewhere must not be on a disk. */
async function writeKey({ platform }: Enrolment, key: KeyObject): Promise<void> {
  await writeFileAtomic(platform.ca_key, encodePrivateKey(key), { mode: 0o600 });
}

async function renew(enrolment: Enrolment, first: Present): Promise<void> {
  const { clock, signal } = enrolment;
  let present = first;
  try {
    while (!signal.aborted) {
      const wait = renewalTime(present) - clock().getTime();
      if (wait > 0) {
        await delay(Math.min(wait, LOOK_EVERY_MS), undefined, { signal, ref: false });
      } else {
        present = await untilEnrolled(enrolment, 'renew');
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function renewalTime({ notBefore, notAfter }: Present): number {
  const life = notAfter.getTime() - notBefore.getTime();
  return notBefore.getTime() + life * RENEW_AFTER;
}
