// SPDX-License-Identifier: Apache-2.0
import { createSecureContext } from 'node:tls';
import { encodePem, sha256, toBase64Url } from '@proofgate/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTd, TD_HOSTNAME, type Td } from '../../proxy/test/test-td.ts';
import { newOperator } from '../../test/attacks/support/operator.ts';
import { attestedConnection } from '../src/evidence/attested-connection.ts';
import type { EvidencePlan } from '../src/evidence/evidence-plan.ts';
import { replayAnswer } from '../src/evidence/replay-answer.ts';
import { runEvidenceLoad } from '../src/evidence/run-evidence-load.ts';

let td: Td;
let plan: EvidencePlan;

beforeAll(async () => {
  const { issuer, root } = await newOperator();
  td = await startTd(issuer);
  plan = {
    port: td.port,
    servername: TD_HOSTNAME,
    ca: encodePem('CERTIFICATE', root),
    mode: 'batch',
    clients: 4,
    milliseconds: 1_500,
    checkEvery: 1,
  };
});
afterAll(() => td.close());

describe('clients of the evidence endpoint', () => {
  it.each(['batch', 'challenge'] as const)('replay what they are answered, %s', async (mode) => {
    const result = await runEvidenceLoad({ ...plan, mode });
    expect(result).toMatchObject({ errors: 0, message: '', checked: result.attested });
    expect(result.attested).toBeGreaterThan(0);
    expect(result.p99).toBeGreaterThan(0);
  });

  it('tell of answers that are not for their session', async () => {
    const context = createSecureContext({ ca: plan.ca });
    const { spki } = td.identity;
    const { answer, socket } = attestedConnection(plan, context, toBase64Url(sha256(spki)));
    const answered = await answer;
    socket.destroy();
    expect(answered.status).toBe(200);
    expect(() => replayAnswer(answered, spki)).not.toThrow();
    const other = { ...answered, exported: new Uint8Array(32).fill(1) };
    expect(() => replayAnswer(other, spki)).toThrow('not for this session');
  });

  it('do not begin with a host that is not there', async () => {
    const refused = { ...plan, servername: 'other.demo.localhost', milliseconds: 200 };
    await expect(runEvidenceLoad(refused)).rejects.toThrow();
  });
});
