// SPDX-License-Identifier: Apache-2.0
import { parseCollateral, type Collateral } from '@proofgate/evidence';
import { join } from 'node:path';
import { AttesterError } from './errors.ts';
import { readFirmwareEventLog } from './kernel/firmware-event-log.ts';
import { tdxRtmr3 } from './kernel/rtmr3.ts';
import { sevSnpReportProvider } from './kernel/sev-snp-report-provider.ts';
import { tdxQuoteProvider } from './kernel/tdx-quote-provider.ts';
import { missingTee } from './kernel/tsm-errors.ts';
import { detectTsmProvider, type TsmProvider } from './kernel/tsm-report.ts';
import { tsmReportSource, type TsmSourceOptions } from './kernel/tsm-source.ts';
import type { MeasurementRegister } from './measurement-register.ts';
import type { QuoteProvider, QuoteProviderOptions } from './quote-provider.ts';
import { askSimulatedPlatform, badAnswer } from './simulated/client.ts';
import { simulatedQuoteProvider } from './simulated/quote-provider.ts';
import { simulatedRtmr3 } from './simulated/rtmr.ts';
import { simulatedSealingKey } from './simulated/sealing-key.ts';

/** The TEE that this process runs in, as far as producing evidence goes. */
export interface Platform {
  readonly tee: 'tdx' | 'sev-snp';
  /** True when a software platform signs: nothing about hardware is proved. */
  readonly simulated: boolean;
  readonly quotes: QuoteProvider;
  /** The register for workloads. SEV-SNP has no run-time registers. */
  readonly rtmr3: MeasurementRegister | undefined;
  /** The firmware's event log (CCEL), if it keeps one. @throws AttesterError `ERR_ATTESTER_EVENT_LOG` */
  eventLog(): Promise<Uint8Array | undefined>;
  /**
   * A key of 32 bytes that the platform gives only to a TD with these measurements; `undefined` where the platform has
   * none to give, as TDX has not. The context names what the key is for.
   */
  readonly sealingKey: ((context: string) => Promise<Uint8Array>) | undefined;
  /** Collateral that the platform itself supplies; only a simulated one does, hardware's comes from its vendor. */
  collateral(): Promise<Collateral | undefined>;
}

/** Which platform to open, and where to look for it. */
export interface OpenPlatformOptions extends TsmSourceOptions, QuoteProviderOptions {
  /** `auto` takes whatever hardware there is; it never takes a simulated platform. */
  readonly tee: 'auto' | 'tdx' | 'sev-snp' | 'simulated';
  /** The directory of the simulated platform's socket. */
  readonly runDir: string;
}

/** The name of the simulated platform's socket below `runDir`. */
export const SIMULATOR_SOCKET = 'simulator.sock';

/**
 * Opens the platform that produces evidence. For hardware the kernel is asked which TEE it attests with, so that a
 * wrong configuration is refused here and not at the first connection.
 *
 * @param options - which platform
 * @returns the platform
 * @throws AttesterError `ERR_ATTESTER_NO_TEE`, `ERR_ATTESTER_WRONG_PROVIDER`, `ERR_ATTESTER_PERMISSION`,
 * `ERR_ATTESTER_QUOTE_FAILED`
 *
 * @example
 * ```ts
 * const platform = await openPlatform({ tee: 'auto', runDir: '/run/proofgate' });
 * const quote = await platform.quotes.quote(deterministicReportData(spki, notBefore));
 * ```
 */
export async function openPlatform(options: OpenPlatformOptions): Promise<Platform> {
  if (options.tee === 'simulated') return simulatedPlatform(options);
  const provider = await detectTsmProvider(tsmReportSource(options));
  switch (requireProvider(options.tee, provider)) {
    case 'tdx_guest':
      return tdxPlatform(options);
    case 'sev_guest':
      return sevSnpPlatform(options);
  }
}

function tdxPlatform(options: OpenPlatformOptions): Platform {
  return {
    tee: 'tdx',
    simulated: false,
    quotes: tdxQuoteProvider(options),
    rtmr3: tdxRtmr3(),
    eventLog: () => readFirmwareEventLog(),
    sealingKey: undefined,
    collateral: () => Promise.resolve(undefined),
  };
}

function sevSnpPlatform(options: OpenPlatformOptions): Platform {
  return {
    tee: 'sev-snp',
    simulated: false,
    quotes: sevSnpReportProvider(options),
    rtmr3: undefined,
    eventLog: () => Promise.resolve(undefined),
    sealingKey: undefined,
    collateral: () => Promise.resolve(undefined),
  };
}

function simulatedPlatform(options: OpenPlatformOptions): Platform {
  const socketPath = join(options.runDir, SIMULATOR_SOCKET);
  return {
    tee: 'tdx',
    simulated: true,
    quotes: simulatedQuoteProvider({ ...options, socketPath }),
    rtmr3: simulatedRtmr3({ socketPath }),
    eventLog: () => Promise.resolve(undefined),
    sealingKey: (context) => simulatedSealingKey({ socketPath }, context),
    async collateral() {
      const answer = await askSimulatedPlatform(
        { socketPath },
        { method: 'GET', path: '/v1/collateral' },
      );
      try {
        return parseCollateral(answer);
      } catch (cause) {
        throw badAnswer('not a collateral bundle', cause);
      }
    },
  };
}

const PROVIDER_OF_TEE = { tdx: 'tdx_guest', 'sev-snp': 'sev_guest' } as const;

function requireProvider(
  tee: 'auto' | 'tdx' | 'sev-snp',
  provider: string | undefined,
): TsmProvider {
  if (provider === undefined) throw missingTee();
  const accepted: readonly TsmProvider[] =
    tee === 'auto' ? ['tdx_guest', 'sev_guest'] : [PROVIDER_OF_TEE[tee]];
  const found = accepted.find((name) => name === provider);
  if (found !== undefined) return found;
  throw new AttesterError(
    'ERR_ATTESTER_WRONG_PROVIDER',
    `the kernel attests with ${JSON.stringify(provider)}, which \`tee: ${tee}\` does not accept`,
    {
      expected: accepted.join(' or '),
      seen: provider,
      hint: 'set platform.tee to the TEE of this machine, or to auto',
    },
  );
}
