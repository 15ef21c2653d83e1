// SPDX-License-Identifier: Apache-2.0
import { get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import {
  batchReportData,
  batchTree,
  CodedError,
  fromBase64Url,
  SESSION_CLIENT_EXPORTER_LABEL,
  SESSION_EXPORTER_LABEL,
  sessionLeaf,
  sessionReportData,
  sha256,
  toBase64Url,
} from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { AttestedAgent, verdictOf, type PeerRequirements } from '@proofgate/verifier/node';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTd, TD_HOSTNAME, type Td } from '../../proxy/test/test-td.ts';
import {
  askTd,
  startMiddle,
  startRelay,
  type Middle,
  type SeenQuestion,
} from './support/middle.ts';
import { demandsOf, newOperator, type Operator } from './support/operator.ts';

/*
 * A middle that holds the key of the host's leaf and owns a genuine TD of its own, on a platform under the same vendor
 * root. Clients speak to it as if it were the host.
 */
let operator: Operator;
/** The host that clients want. */
let host: Td;
/** The attacker's TD with the operator's software in it, unchanged. */
let sameSoftware: Td;
/** The attacker's TD with the attacker's software in it: it quotes whatever it likes. */
let ownSoftware: ReturnType<typeof createSimulatedPlatform>;
let session: PeerRequirements;

const middles: Middle[] = [];

beforeAll(async () => {
  operator = await newOperator();
  host = await startTd(operator.issuer);
  const { identity } = host.platform;
  sameSoftware = await startTd(operator.issuer, {
    platform: createSimulatedPlatform({ identity }),
  });
  ownSoftware = createSimulatedPlatform({
    identity,
    alter: ({ td }) => td.mrTd.fill(7),
  });
  session = demandsOf(operator, host.platform, 'session');
});
afterAll(async () => {
  await host.close();
  await sameSoftware.close();
});
afterEach(() => {
  for (const middle of middles.splice(0)) middle.close();
});

/** Sends a secret to whoever listens there, if it is accepted. @returns how it is bound, or why not */
async function sendSecret(port: number, demands: PeerRequirements): Promise<string> {
  const agent = new AttestedAgent(demands);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: TD_HOSTNAME, port, agent, path: '/secret' }, resolve).on('error', reject);
    });
    response.resume();
    return verdictOf(response.socket)?.binding ?? 'no verdict';
  } catch (error) {
    if (error instanceof CodedError) return String(error.code);
    throw error;
  } finally {
    agent.destroy();
  }
}

type Cheat = Parameters<typeof startMiddle>[1];

async function middleWith(cheat: Cheat): Promise<Middle> {
  const middle = await startMiddle(host, cheat);
  middles.push(middle);
  return middle;
}

/** What the middle, as one end of the victim's connection, can derive. */
function derive(victim: TLSSocket, label: string, { context }: SeenQuestion): Uint8Array {
  const bytes = Buffer.from(fromBase64Url(context));
  return Uint8Array.from(victim.exportKeyingMaterial(32, label, bytes));
}

const members = (mode: string, quote: Uint8Array): object => ({
  v: 2,
  mode,
  tee: 'tdx',
  quote: toBase64Url(quote),
  gpu_evidence: null,
  client_evidence: 'none',
  client_context: null,
});

describe('without anybody in between', () => {
  it('the host is accepted in every mode', async () => {
    expect(await sendSecret(host.port, session)).toBe('session');
    const alone = { ...session, sessionMode: 'challenge' } as const;
    expect(await sendSecret(host.port, alone)).toBe('session');
    expect(await sendSecret(host.port, demandsOf(operator, host.platform, 'certificate'))).toBe(
      'certificate',
    );
  });
});

describe('the certificate alone', () => {
  it('does not tell the thief of its key from the host, and the verdict says what it is bound to', async () => {
    const relay = await startRelay(host);
    middles.push(relay);
    const demands = demandsOf(operator, host.platform, 'certificate');
    expect(await sendSecret(relay.port, demands)).toBe('certificate');
    expect(relay.secrets).toEqual(['/secret']);
    const middle = await middleWith(() => 503);
    expect(await sendSecret(middle.port, demands)).toBe('certificate');
    expect(middle.secrets).toEqual(['/secret']);
  });
});

describe.each(['batch', 'challenge'] as const)('evidence for the session, %s', (mode) => {
  const attack = async (cheat: Cheat): Promise<string> => {
    const middle = await middleWith(cheat);
    const outcome = await sendSecret(middle.port, { ...session, sessionMode: mode });
    expect(middle.secrets).toEqual([]);
    return outcome;
  };

  it('is not obtained by passing bytes on', async () => {
    const relay = await startRelay(host);
    middles.push(relay);
    const outcome = await sendSecret(relay.port, { ...session, sessionMode: mode });
    expect(outcome).toBe('ERR_BINDING_SESSION');
    expect(relay.secrets).toEqual([]);
  });

  it('is not obtained by passing the question on', async () => {
    expect(await attack((question) => askTd(host, question))).toBe('ERR_BINDING_SESSION');
  });

  it('is not obtained from a genuine TD of the thief’s with the same software', async () => {
    const leaf = toBase64Url(sha256(sameSoftware.identity.spki));
    const diverted = (question: SeenQuestion): Promise<object> =>
      askTd(sameSoftware, { ...question, leaf });
    expect(await attack(diverted)).toBe('ERR_BINDING_SESSION');
    // It makes none for a key that is not its own.
    const refused = askTd(sameSoftware, {
      v: 2,
      mode,
      leaf: toBase64Url(sha256(host.identity.spki)),
      context: leaf,
    });
    expect(await refused).toMatchObject({ code: 'ERR_PROXY_EVIDENCE_LEAF' });
  });

  it('of a TD with software of the thief’s holds, and is of other software', async () => {
    const forge: Cheat = async (question, victim) => {
      const exported = derive(victim, SESSION_EXPORTER_LABEL, question);
      const { spki } = host.identity;
      const context = fromBase64Url(question.context);
      if (mode === 'challenge') {
        return members(mode, await ownSoftware.quote(sessionReportData(spki, context, exported)));
      }
      const { root, size } = batchTree([sessionLeaf('server', spki, context, exported)]);
      const time = new Date();
      const quote = await ownSoftware.quote(batchReportData(root, size, time));
      return { ...members(mode, quote), index: 0, size, time: time.getTime(), path: [] };
    };
    expect(await attack(forge)).toBe('ERR_POLICY_MEASUREMENT');
  });

  it('is not what a client proves of itself, reflected', async () => {
    const reflect: Cheat = async (question, victim) => {
      const { spki } = host.identity;
      const context = fromBase64Url(question.context);
      const exported = derive(victim, SESSION_CLIENT_EXPORTER_LABEL, question);
      if (mode === 'challenge') {
        return members(mode, await host.platform.quote(sessionReportData(spki, context, exported)));
      }
      const { root, size } = batchTree([sessionLeaf('client', spki, context, exported)]);
      const time = new Date();
      const quote = await host.platform.quote(batchReportData(root, size, time));
      return { ...members(mode, quote), index: 0, size, time: time.getTime(), path: [] };
    };
    expect(await attack(reflect)).toBe('ERR_BINDING_SESSION');
  });

  it('is not an earlier answer of the host’s', async () => {
    const context = toBase64Url(new Uint8Array(32).fill(5));
    const leaf = toBase64Url(sha256(host.identity.spki));
    const earlier = await askTd(host, { v: 2, mode, leaf, context });
    expect(await attack(() => earlier)).toBe('ERR_BINDING_SESSION');
  });

  it('is not the answer to another client’s question', async () => {
    let first: ((answer: object) => void) | undefined;
    const swapping: Cheat = async (question) => {
      const own = await askTd(host, question);
      if (first !== undefined) {
        first(own);
        return own;
      }
      return new Promise((resolve) => (first = resolve));
    };
    const middle = await middleWith(swapping);
    const demands = { ...session, sessionMode: mode };
    const outcomes = [sendSecret(middle.port, demands), sendSecret(middle.port, demands)];
    expect(await Promise.all(outcomes)).toEqual(['ERR_BINDING_SESSION', 'ERR_BINDING_SESSION']);
    expect(middle.secrets).toEqual([]);
  });

  it('is not evidence for the key instead', async () => {
    const leaf = toBase64Url(sha256(host.identity.spki));
    const kept = (): Promise<object> => askTd(host, { v: 2, mode: 'deterministic', leaf });
    expect(await attack(kept)).toBe('ERR_SESSION_ANSWER');
    expect(
      await attack(async () => ({
        ...(await kept()),
        mode,
        index: 0,
        size: 1,
        time: Date.now(),
        path: [],
      })),
    ).toBe('ERR_BINDING_SESSION');
  });

  it('is not done without when the middle has none', async () => {
    for (const status of [400, 404, 405, 503]) {
      expect(await attack(() => status)).toBe('ERR_SESSION_UNAVAILABLE');
    }
  });
});

describe('a batch', () => {
  /** The host's own answers to the victim and to somebody else, both on the same quote. */
  const inTwo: Cheat = async (question, victim) => {
    const { spki } = host.identity;
    const context = fromBase64Url(question.context);
    const mine = sessionLeaf(
      'server',
      spki,
      context,
      derive(victim, SESSION_EXPORTER_LABEL, question),
    );
    const other = sessionLeaf('server', spki, context, new Uint8Array(32).fill(9));
    const tree = batchTree([mine, other]);
    const time = new Date();
    const quote = await host.platform.quote(batchReportData(tree.root, tree.size, time));
    const path = tree.path(0).map(toBase64Url);
    return { ...members('batch', quote), index: 0, size: 2, time: time.getTime(), path };
  };
  const change =
    (members: (sound: Record<string, unknown>) => object): Cheat =>
    async (question, victim) => {
      const sound = (await inTwo(question, victim)) as Record<string, unknown>;
      return { ...sound, ...members(sound) };
    };

  it.each<[string, string, (sound: Record<string, unknown>) => object]>([
    ['in which nothing is changed', 'session', () => ({})],
    ['at another place', 'ERR_BINDING_SESSION', () => ({ index: 1 })],
    ['outside of it', 'ERR_BATCH_PATH', () => ({ index: 2 })],
    ['of another size', 'ERR_BATCH_PATH', () => ({ size: 3 })],
    ['of another size of this shape', 'ERR_BATCH_PATH', () => ({ size: 1 })],
    ['of too many', 'ERR_BATCH_PATH', () => ({ size: 2 ** 20 + 1 })],
    ['with a shorter path', 'ERR_BATCH_PATH', () => ({ path: [] })],
    [
      'with a longer path',
      'ERR_BATCH_PATH',
      ({ path }) => ({ path: [...(path as string[]), ...(path as string[])] }),
    ],
    ['at another time', 'ERR_BINDING_SESSION', ({ time }) => ({ time: Number(time) - 1 })],
  ])('%s: %s', async (_what, expected, changes) => {
    const middle = await middleWith(change(changes));
    expect(await sendSecret(middle.port, session)).toBe(expected);
  });

  it('is refused when the clock of its TD stands elsewhere', async () => {
    for (const minutes of [-6, 6]) {
      const now = (): Date => new Date(Date.now() + minutes * 60_000);
      const { platform } = host;
      const td = await startTd(operator.issuer, { platform, now });
      expect(await sendSecret(td.port, session)).toBe('ERR_BINDING_SESSION_TIME');
      await td.close();
    }
  });
});
