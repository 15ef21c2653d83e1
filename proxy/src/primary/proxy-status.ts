// SPDX-License-Identifier: Apache-2.0
import type { CaSummary, ProxyHealth, ProxyReadiness, StateSummary } from '@proofgate/api';
import type { Issuer } from '@proofgate/ca';
import { sha256, toHex } from '@proofgate/evidence';
import type { IdentityKeeper } from '../identity/identity-keeper.ts';
import { measuredCa } from '../identity/measured-log.ts';
import type { MetricsTotals } from '../metrics/metrics-totals.ts';
import type { PrimaryMetrics } from '../metrics/primary-metrics.ts';
import { renderMetrics } from '../metrics/render-metrics.ts';
import type { SessionQuoter } from '../quoting/session-quoter.ts';
import type { Gateway } from './gateway.ts';
import { PROXY_VERSION } from './proxy-version.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What is asked. */
export interface ProxyParts {
  readonly gateway: Gateway;
  readonly keeper: Pick<IdentityKeeper, 'renewalOf'>;
  readonly pool: Pick<WorkerPool, 'listening'>;
  readonly quoter: Pick<SessionQuoter, 'queued'>;
  readonly metrics: PrimaryMetrics;
  readonly totals: MetricsTotals;
  /** Issues now. */
  readonly issuer: () => Issuer;
}

/** Tells how the proxy is. */
export class ProxyStatus {
  /** No connection is accepted any more. */
  draining = false;
  private readonly parts: ProxyParts;

  constructor(parts: ProxyParts) {
    this.parts = parts;
  }

  /** Whether everything is as it is described now. */
  health(): ProxyHealth {
    const { gateway, pool } = this.parts;
    const ready = gateway.complete && pool.listening > 0;
    const status = this.draining ? 'stopping' : ready ? 'ok' : 'starting';
    return { status, workers: pool.listening };
  }

  /** Whether clients can be sent here: every host is served, be it as it was described before. */
  readiness(): ProxyReadiness {
    const { gateway, pool } = this.parts;
    if (this.draining) return { status: 'draining' };
    const waiting = gateway.unserved;
    const ready = gateway.informed && pool.listening > 0 && waiting.length === 0;
    return {
      status: ready ? 'ready' : 'not_ready',
      ...(waiting.length === 0 ? {} : { waiting }),
    };
  }

  /** The state in force, and which CAs stand behind what is served. */
  state(): StateSummary {
    return { ...this.parts.gateway.summary(), ca: this.cas() };
  }

  /** In Prometheus' text format, with what the workers have counted until now. */
  async metrics(): Promise<string> {
    const { gateway, keeper, pool, quoter, metrics, totals, issuer } = this.parts;
    await totals.update();
    const facts = {
      version: PROXY_VERSION,
      ready: this.readiness().status === 'ready',
      draining: this.draining,
      workers: pool.listening,
      unserved: gateway.unserved.length,
      caUntil: issuer().notAfter,
      queued: quoter.queued,
      identities: gateway.current.map(({ spec: { hostname }, notAfter, collateralUntil }) => ({
        host: hostname,
        until: notAfter,
        renewal: keeper.renewalOf(hostname),
        collateralUntil,
      })),
    };
    return renderMetrics(facts, metrics, totals);
  }

  private cas(): CaSummary {
    const { gateway, issuer } = this.parts;
    const { certificate, notAfter } = issuer();
    const spkiSha256 = toHex(sha256(certificate.spki));
    const measured = measuredCa(gateway.eventLog);
    const old = new Map<string, string[]>();
    for (const { caSpkiSha256, spec } of gateway.current) {
      if (caSpkiSha256 === spkiSha256) continue;
      old.set(caSpkiSha256, [...(old.get(caSpkiSha256) ?? []), spec.hostname]);
    }
    return {
      active: { subject: certificate.subject.text, spkiSha256, notAfter: notAfter.toISOString() },
      ...(measured === undefined || measured === spkiSha256 ? {} : { prepared: measured }),
      ...(old.size === 0
        ? {}
        : { old: [...old].map(([key, hosts]) => ({ spkiSha256: key, hosts })) }),
    };
  }
}
