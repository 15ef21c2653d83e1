// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { parseCertificate, sha256, toBase64Url } from '@proofgate/evidence';
import { LatencyHistogram } from '../load/latency-histogram.ts';
import { attestedConnection } from './attested-connection.ts';
import type { EvidencePlan, EvidenceResult } from './evidence-plan.ts';
import { replayAnswer } from './replay-answer.ts';

/** Something is broken beyond measuring: stop instead of hammering. */
const MAX_ERRORS = 100;

/** Loads the evidence endpoint in a closed loop: as many connections at a time as there are clients. */
export async function runEvidenceLoad(plan: EvidencePlan): Promise<EvidenceResult> {
  const secureContext = createSecureContext({ ca: plan.ca, minVersion: 'TLSv1.3' });
  const run = new Run(plan, secureContext, await keyOf(plan, secureContext));
  const started = performance.now();
  const clients = Array.from({ length: plan.clients }, () => run.client());
  await new Promise((resolve) => setTimeout(resolve, plan.milliseconds));
  const result = run.stop(performance.now() - started);
  await Promise.all(clients);
  return result;
}

/** The host's public key, which a client knows from the handshake. */
async function keyOf(
  { port, servername }: EvidencePlan,
  secureContext: SecureContext,
): Promise<Uint8Array> {
  const socket = connect({ host: '127.0.0.1', port, servername, secureContext });
  await once(socket, 'secureConnect');
  const { spki } = parseCertificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return spki;
}

class Run {
  readonly #plan: EvidencePlan;
  readonly #context: SecureContext;
  readonly #spki: Uint8Array;
  readonly #leaf: string;
  readonly #latency = new LatencyHistogram();
  readonly #open = new Set<TLSSocket>();
  #stopped = false;
  #checked = 0;
  #errors = 0;
  #message = '';

  constructor(plan: EvidencePlan, context: SecureContext, spki: Uint8Array) {
    this.#plan = plan;
    this.#context = context;
    this.#spki = spki;
    this.#leaf = toBase64Url(sha256(spki));
  }

  async client(): Promise<void> {
    while (!this.#stopped && this.#errors < MAX_ERRORS) {
      const began = performance.now();
      const { answer, socket } = attestedConnection(this.#plan, this.#context, this.#leaf);
      this.#open.add(socket);
      try {
        const { status, ...answered } = await answer;
        if (this.#stopped) return;
        this.#latency.record((performance.now() - began) * 1000);
        if (status !== 200) throw new Error(`status ${String(status)}`);
        if (this.#latency.total % this.#plan.checkEvery === 0) {
          replayAnswer(answered, this.#spki);
          this.#checked += 1;
        }
      } catch (error) {
        this.#fail(error);
      } finally {
        this.#open.delete(socket);
        socket.destroy();
      }
    }
  }

  /** Ends what is under way and says what came of the rest. */
  stop(elapsedMs: number): EvidenceResult {
    this.#stopped = true;
    for (const socket of this.#open) socket.destroy();
    const attested = this.#latency.total - this.#errors;
    return {
      attested,
      checked: this.#checked,
      errors: this.#errors,
      message: this.#message,
      perSecond: (attested / elapsedMs) * 1000,
      p50: this.#latency.percentile(0.5) / 1000,
      p99: this.#latency.percentile(0.99) / 1000,
    };
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#errors += 1;
    if (this.#message === '')
      this.#message = error instanceof Error ? error.message : String(error);
  }
}
