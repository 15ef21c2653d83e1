// SPDX-License-Identifier: Apache-2.0
// Runs in the page: verifies every vector and the attestation document of the site, and posts how that ended.
import { parseAttestationDocument } from '@proofgate/evidence';
import { parsePolicyText, verifyEvidence } from '@proofgate/verifier';
import { runVector } from '../vectors/run-vector.ts';
import { casesOf, type Outcome, type VectorSet } from '../vectors/vector-format.ts';

/** What the page finds out. */
export interface PageResults {
  readonly outcomes: Readonly<Record<string, Outcome | { readonly result: 'failed'; why: string }>>;
  readonly milliseconds: number;
  readonly document: { readonly binding: string; readonly tee: string; readonly policy: string };
}

async function main(): Promise<void> {
  const body = await results().catch((error: unknown) => ({ error: textOf(error) }));
  await fetch('/results', { method: 'POST', body: JSON.stringify(body) });
}

async function results(): Promise<PageResults> {
  const set = await fetchJson<VectorSet>('/vectors');
  const outcomes: Record<string, PageResults['outcomes'][string]> = {};
  const start = performance.now();
  for (const { name, input } of casesOf(set)) {
    outcomes[name] = await runVector(input).catch((error: unknown) => ({
      result: 'failed',
      why: textOf(error),
    }));
  }
  const milliseconds = performance.now() - start;
  return { outcomes, milliseconds, document: await verifyDocument() };
}

/** What a page does that wants to know what is behind its own site. */
async function verifyDocument(): Promise<PageResults['document']> {
  const document = parseAttestationDocument(await fetchJson('/.well-known/attestation'));
  const policy = parsePolicyText(await (await fetch('/policy')).text());
  const verdict = await verifyEvidence({
    evidence: { kind: 'document', document },
    policy,
    at: new Date(),
  });
  return { binding: verdict.binding, tee: verdict.evidence.tee, policy: verdict.policy };
}

async function fetchJson<Content>(path: string): Promise<Content> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  // Sound for vectors, which the server made; documents are parsed by whoever asked for them.
  return (await response.json()) as Content;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

void main();
