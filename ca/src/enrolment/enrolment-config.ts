// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path';
import { DEFAULT_RUN_DIR, parseHostname, parseHostPort, type HostPort } from '@proofgate/api';
import { readBoundedFile, readConfigFile } from '@proofgate/daemon';
import { fromUtf8 } from '@proofgate/evidence';
import { parsePolicyText } from '@proofgate/verifier';
import { z } from 'zod';
import { CA_PROFILES } from '../authorities/ca-profile.ts';
import type { EnrolmentRule } from './enrolment-rule.ts';

/** The file of `proofgate ca serve`, with every default filled in. */
export interface EnrolmentConfig {
  readonly listen: HostPort;
  /** Name of the service, in its certificate. */
  readonly host: string;
  /** Directory of the CA. */
  readonly directory: string;
  /** File with the passphrase of the root's key. */
  readonly passphraseFile: string | undefined;
  /** The TEE whose evidence the service shows in its own certificate; none for a service outside of one. */
  readonly tee: 'auto' | 'tdx' | 'sev-snp' | 'simulated' | undefined;
  /** Where a simulated platform is. */
  readonly runDir: string;
  readonly crlUrls: readonly string[];
  /** A bundle, a directory of them, or the URL of a PCS or PCCS; without it, the collateral that machines bring. */
  readonly collateral: string | undefined;
  readonly rate: { readonly burst: number; readonly perMinute: number };
  /** Most certificates that one host gets in 24 hours. */
  readonly perHostPerDay: number;
  /** Validity of the revocation list, which is signed anew every day. */
  readonly crlDays: number;
  readonly rules: readonly EnrolmentRule[];
}

/** A policy names measurements of some images. */
const MAX_POLICY_BYTES = 1_048_576;
/** A fleet has a handful of kinds of machine. */
const MAX_RULES = 256;
/** Short enough that a machine that was thrown out is out soon, long enough to survive a CA that is down for a week. */
const DEFAULT_DAYS = 30;
/** A machine needs two requests; behind one address there may be a rack of them. */
const DEFAULT_RATE = { burst: 120, per_minute: 120 } as const;

/** A machine needs one in weeks; one that keeps no key needs one for each start, and someone may be trying things. */
const DEFAULT_PER_HOST_PER_DAY = 24;
/** Long enough for a CA that is down for some days. */
const DEFAULT_CRL_DAYS = 7;
/** As much as a list may have. */
const MAX_CRL_DAYS = 365;

const text = z.string().min(1).max(4_096);

const hostPattern = z.string().refine(isHostPattern, {
  error: 'expected a host name, or .example.com for any one label in front of it',
});

const schema = z.strictObject({
  version: z.literal('1'),
  listen: z.string().default('0.0.0.0:9444'),
  host: text,
  directory: text,
  passphrase_file: text.exactOptional(),
  tee: z.enum(['auto', 'tdx', 'sev-snp', 'simulated']).exactOptional(),
  run_dir: text.default(DEFAULT_RUN_DIR),
  crl_urls: z.array(text).max(4).default([]),
  collateral: text.exactOptional(),
  rate: z
    .strictObject({
      burst: z.int().min(1).max(1_000_000).default(DEFAULT_RATE.burst),
      per_minute: z.int().min(1).max(1_000_000).default(DEFAULT_RATE.per_minute),
    })
    .prefault({}),
  per_host_per_day: z.int().min(1).max(1_000_000).default(DEFAULT_PER_HOST_PER_DAY),
  crl_days: z.int().min(1).max(MAX_CRL_DAYS).default(DEFAULT_CRL_DAYS),
  rules: z
    .array(
      z.strictObject({
        name: text,
        policy: text,
        hosts: z.array(hostPattern).min(1).max(10_000),
        days: z.int().min(1).max(CA_PROFILES.intermediary.maxDays).default(DEFAULT_DAYS),
      }),
    )
    .min(1)
    .max(MAX_RULES),
});

/**
 * Reads the configuration of the enrolment service and the policies that it names. Paths are relative to the file.
 *
 * @param path - YAML
 * @throws ConfigError with every problem; DaemonError for files that cannot be read; VerifierError for a policy that
 *   cannot be read; ApiError for an address
 */
export async function readEnrolmentConfig(path: string): Promise<EnrolmentConfig> {
  const file = await readConfigFile(path, schema);
  const from = (name: string): string => resolve(dirname(path), name);
  const rules: EnrolmentRule[] = [];
  for (const { name, policy, hosts, days } of file.rules) {
    const bytes = await readBoundedFile(from(policy), MAX_POLICY_BYTES);
    rules.push({ name, policy: parsePolicyText(fromUtf8(bytes)), hosts, days });
  }
  return {
    listen: parseHostPort(file.listen),
    host: parseHostname(file.host),
    directory: from(file.directory),
    passphraseFile: file.passphrase_file === undefined ? undefined : from(file.passphrase_file),
    tee: file.tee,
    runDir: from(file.run_dir),
    crlUrls: file.crl_urls,
    collateral: collateralLocation(file.collateral, from),
    rate: { burst: file.rate.burst, perMinute: file.rate.per_minute },
    perHostPerDay: file.per_host_per_day,
    crlDays: file.crl_days,
    rules,
  };
}

/** A URL as it is; a path relative to the file, wherever the service is started. */
function collateralLocation(
  location: string | undefined,
  from: (name: string) => string,
): string | undefined {
  if (location === undefined || /^https?:\/\//u.test(location)) return location;
  return from(location);
}

function isHostPattern(pattern: string): boolean {
  try {
    const host = pattern.startsWith('.') ? pattern.slice(1) : pattern;
    return parseHostname(host) === host;
  } catch {
    return false;
  }
}
