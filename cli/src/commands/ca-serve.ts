// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { openPlatform } from '@proofgate/attester';
import type { EnrolmentConfig, ServiceEvidence } from '@proofgate/ca/enrolment';
import { createLifecycle, createLogger } from '@proofgate/daemon';
import { createCollateralCache, type CollateralInput, type Policy } from '@proofgate/verifier';
import { loadCollateral } from '@proofgate/verifier/node';

import type { CommandContext } from '../context.ts';
import { readRootAuthority } from '../input/root-authority.ts';
import { unusable } from '../input/input-file.ts';
import { ENDING_SIGNALS } from '../service/ending-signals.ts';

/** Options of `proofgate ca serve`. */
export interface CaServeOptions {
  readonly config: string;
  /** Reads the configuration and stops. */
  readonly check?: boolean;
}

/** Gives machines their intermediaries over HTTPS, on the strength of their evidence, until it is told to end. */
export async function caServe(options: CaServeOptions, context: CommandContext): Promise<void> {
  // Loaded here, because `proofgate proxy` shares this program and must not load what only makes CAs.
  const enrolment = await import('@proofgate/ca/enrolment');
  const { EnrolmentAuthority, readEnrolmentConfig, serverIdentities, serveEnrolment } = enrolment;
  const { openOperatorCa } = await import('@proofgate/ca/operator');
  const config = await readEnrolmentConfig(options.config).catch((error: unknown) => {
    throw unusable(error);
  });
  if (options.check === true) return;
  const { directory, passphraseFile, crlUrls, perHostPerDay, host, listen, rate, rules } = config;
  const location = { dir: directory, ...(passphraseFile === undefined ? {} : { passphraseFile }) };
  const root = await readRootAuthority(location, context);
  const logger = createLogger({ name: 'ca' });
  const lifecycle = createLifecycle({ logger, signals: ENDING_SIGNALS });
  await lifecycle.run(async () => {
    const ca = await openOperatorCa(directory, context.now());
    lifecycle.onShutdown('directory of the CA', () => ca.close());
    const clock = context.now;
    const list = { ca, root, days: config.crlDays, clock, logger };
    const revocations = await enrolment.Revocations.start(list);
    lifecycle.onShutdown('revocation list', () => revocations.stop());
    const orders = await enrolment
      .serveCaOrders(directory, revocations, logger)
      .catch((error: unknown) => {
        // Such as a path that is too long for a socket: machines are served nevertheless.
        logger.warn({ err: error }, 'no local socket: stop the service to revoke');
      });
    lifecycle.onShutdown('local orders', async () => orders?.close());
    const server = await serveEnrolment({
      authority: new EnrolmentAuthority({
        ...{ ca, root, rules, crlUrls, perHostPerDay, logger, clock, randomBytes },
        ...(await collateralFrom(config.collateral, rules)),
      }),
      listen,
      identity: await serverIdentities(ca, root, host, clock, await ownEvidence(config)),
      root: root.certificate,
      directory,
      rate,
      clock,
      logger,
    });
    lifecycle.onShutdown('enrolment service', () => server.close());
    logger.info({ host, address: listen.host, port: server.port, rules: rules.length }, 'serving');
  });
}

/** Of the TEE that the service runs in, where the configuration names one. */
async function ownEvidence({ tee, runDir }: EnrolmentConfig): Promise<ServiceEvidence | undefined> {
  if (tee === undefined) return undefined;
  const platform = await openPlatform({ tee, runDir });
  return {
    tee: platform.tee,
    quote: (reportData) => platform.quotes.quote(reportData),
  };
}

/** One source for all rules; each policy names the roots that it trusts once more. */
async function collateralFrom(
  location: string | undefined,
  rules: readonly { readonly policy: Pick<Policy, 'roots'> }[],
): Promise<{ collateral?: CollateralInput }> {
  if (location === undefined) return {};
  const source = await loadCollateral(location);
  const named = new Set(rules.flatMap(({ policy }) => policy.roots ?? (['intel'] as const)));
  const roots = [...named].map((root) =>
    root === 'intel' || root === 'amd' ? root : { sha256: root.replace(/^sha256:/u, '') },
  );
  return { collateral: createCollateralCache(source, roots) };
}
