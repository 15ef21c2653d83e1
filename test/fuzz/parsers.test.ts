// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from 'vitest';
import { DOCUMENT_PARSERS } from './document-parsers.ts';
import { EVIDENCE_PARSERS } from './evidence-parsers.ts';
import { FUZZ } from './fuzz-settings.ts';
import { HTTP_PARSERS } from './http-parsers.ts';
import { accepts, runFuzz, type FuzzResult } from './run-fuzz.ts';

const TARGETS = [...EVIDENCE_PARSERS, ...DOCUMENT_PARSERS, ...HTTP_PARSERS];
/** Reading and making an input takes a tenth of this, on a busy machine half. */
const TIMEOUT_MS = 60_000 + FUZZ.runs * 10;

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
  const missing = target.corpus.length === 0;
  const title = missing ? ' (skipped: real evidence is missing)' : '';

  it.skipIf(missing)(`accepts what the changed inputs are made from${title}`, () => {
    expect(target.corpus.map((input) => accepts(target, input))).not.toContain(false);
  });

  it.skipIf(missing)(
    `refuses ${String(FUZZ.runs)} inputs in its own words, in time${title}`,
    async () => {
      const result = await runFuzz(target);
      results.push([name, result]);
      // Were everything refused at its first byte, or nothing at all, the inputs would show nothing.
      if (FUZZ.runs >= 1000 && FUZZ.path === undefined) {
        expect(result.refused).toBeGreaterThan(FUZZ.runs / 100);
        expect(result.accepted).toBeGreaterThan(FUZZ.runs / 1000);
      }
    },
    TIMEOUT_MS,
  );
});

const results: (readonly [name: string, result: FuzzResult])[] = [];

afterAll(() => {
  const rows = results.map(([name, { accepted, refused, slowestMs, slowestBytes }]) =>
    [
      name.padEnd(22),
      `${String(accepted)} accepted`.padStart(17),
      `${String(refused)} refused`.padStart(16),
      `slowest ${slowestMs.toFixed(1)} ms, ${String(slowestBytes)} bytes`,
    ].join('  '),
  );
  const memory = `at most ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB of memory`;
  process.stdout.write(`fuzz: seed ${String(FUZZ.seed)}, ${memory}\n${rows.join('\n')}\n`);
});
