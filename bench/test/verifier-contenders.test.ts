// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { CONTENDERS, createBenchEvidence, createContenders } from '@proofgate/bench';

const at = new Date('2026-06-01T12:00:00Z');
const evidence = await createBenchEvidence(at);

test('every contender comes to the expected result, for every machine', async () => {
  const contenders = await createContenders(evidence);
  expect(Object.keys(contenders).sort()).toEqual([...CONTENDERS].sort());
  for (const name of CONTENDERS) await contenders[name]();
  for (const _ of evidence.quotes) await contenders.newMachine();
});

test('machines differ', () => {
  expect(new Set(evidence.quotes).size).toBe(evidence.quotes.length);
});

test.each(['prepared', 'full', 'peerFull'] as const)(
  'a quote that is not genuine stops the measurement: %s',
  async (name) => {
    const quote = Buffer.from(evidence.quotes[0] ?? '', 'base64');
    // In REPORTDATA, which the signature covers.
    quote.writeUInt8(1, 48 + 520);
    const contenders = await createContenders({ ...evidence, quotes: [quote.toString('base64')] });
    const failure: unknown = await Promise.resolve()
      .then(contenders[name])
      .catch((error: unknown) => error);
    // Ours say it in the code, theirs in the message.
    const { code, message } = Object(failure) as { code?: string; message: string };
    expect(`${code ?? ''} ${message}`).toMatch(/signature/i);
  },
);

test('what is not up to date stops it as well', async () => {
  const later = new Date(at.getTime() + 366 * 24 * 3_600_000);
  const late = { ...evidence, atMs: later.getTime() };
  await expect(createContenders(late)).rejects.toThrow();
});
