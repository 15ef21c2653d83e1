// SPDX-License-Identifier: Apache-2.0
import {
  fromBase64Url,
  SESSION_CLIENT_EXPORTER_LABEL,
  sessionReportData,
  toBase64Url,
  toHex,
} from '@proofgate/evidence';
import {
  type ClientIdentity,
  connectTls,
  presentEvidence,
  verifiedConnect,
} from '@proofgate/verifier/node';
import { attestedChannelCredentials } from '@proofgate/verifier/grpc';
import { describe, expect, it, onTestFinished } from 'vitest';
import { refusal } from '../refusal.ts';
import { attestedIdentity, HOSTNAME, requirementsFor } from './attested-identity.ts';
import { serveAttested, soundAnswer } from './attested-server.ts';

const identity = await attestedIdentity();
const own = await attestedIdentity();
const requirements = requirementsFor(identity);
const CONTEXT = toBase64Url(new Uint8Array(32).fill(7));

type Presented = Record<string, unknown>;

/** A host that wants evidence, and takes it with a status. */
async function wanting(members: object, status = 204) {
  const presented: Presented[] = [];
  const exported: string[] = [];
  const server = await serveAttested(identity, {
    challenge: async (question, socket) => {
      if (question.mode !== 'present') {
        return { ...(await soundAnswer(identity, question, socket)), ...members };
      }
      const secret = socket.exportKeyingMaterial(
        32,
        SESSION_CLIENT_EXPORTER_LABEL,
        Buffer.from(fromBase64Url(CONTEXT)),
      );
      exported.push(toHex(new Uint8Array(secret)));
      presented.push(question as unknown as Presented);
      return status;
    },
  });
  return { ...server, presented, exported };
}

function client(made: Uint8Array[] = [], more: object = {}): ClientIdentity {
  return {
    key: own.keyPem,
    cert: own.chainPem,
    prove: async (reportData) => {
      made.push(reportData);
      return Promise.resolve({ tee: 'tdx', bytes: Uint8Array.of(1, 2, 3), ...more });
    },
  };
}

const REQUIRED = { client_evidence: 'required', client_context: CONTEXT };

async function connect(port: number, identityOfClient: ClientIdentity | undefined) {
  const wanted = identityOfClient === undefined ? {} : { client: identityOfClient };
  const { socket } = await verifiedConnect(
    { host: HOSTNAME, port, timeoutMs: 2_000 },
    { ...requirements, ...wanted },
  );
  onTestFinished(() => void socket.destroy());
}

describe('a client that can prove itself', () => {
  it('does so over context, session and its own key, after it has verified the host', async () => {
    const host = await wanting(REQUIRED);
    const made: Uint8Array[] = [];
    await connect(host.port, client(made));
    expect(host.presented).toEqual([
      {
        v: 2,
        mode: 'present',
        context: CONTEXT,
        tee: 'tdx',
        quote: 'AQID',
        gpu_evidence: null,
        quote_time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$/) as string,
      },
    ]);
    const exported = Uint8Array.from(Buffer.from(host.exported[0] ?? '', 'hex'));
    const expected = sessionReportData(own.spki, fromBase64Url(CONTEXT), exported);
    expect(made.map(toHex)).toEqual([toHex(expected)]);
  });

  it('brings collateral along where it has some', async () => {
    const host = await wanting(REQUIRED);
    await connect(host.port, client([], { collateral: own.platform.collateral() }));
    await connect(host.port, client([], { collateral: 'pem' }));
    const [bundle, pem] = host.presented.map(({ collateral }) =>
      Buffer.from(String(collateral), 'base64url').toString(),
    );
    expect(JSON.parse(bundle ?? '')).toEqual(own.platform.collateral());
    expect(pem).toBe('pem');
  });

  it('may show evidence that is not required, and shows none that nobody wants', async () => {
    const may = await wanting({ client_evidence: 'none', client_context: CONTEXT });
    await connect(may.port, client());
    expect(may.presented).toHaveLength(1);
    const none = await wanting({});
    await connect(none.port, client());
    const unknown = await serveAttested(identity, { challenge: () => Promise.resolve(404) });
    await connect(unknown.port, client());
    expect(none.presented).toEqual([]);
  });

  it('shows nothing to a host that is refused', async () => {
    const host = await wanting(REQUIRED);
    const made: Uint8Array[] = [];
    const wanted = { ...requirementsFor(own), client: client(made) };
    const connecting = verifiedConnect({ host: HOSTNAME, port: host.port }, wanted);
    await expect(connecting).rejects.toMatchObject({ code: 'ERR_CERT_ROOT_UNTRUSTED' });
    expect([made, host.presented]).toEqual([[], []]);
  });

  it.each([
    ['refuses it', REQUIRED, 403, 'ERR_SESSION_CLIENT_REFUSED'],
    ['cannot judge it', REQUIRED, 503, 'ERR_SESSION_UNAVAILABLE'],
    ['gives no context', { client_evidence: 'required' }, 204, 'ERR_SESSION_ANSWER'],
    ['gives a short context', { ...REQUIRED, client_context: 'AQID' }, 204, 'ERR_SESSION_ANSWER'],
    ['wants what nobody knows', { client_evidence: 'maybe' }, 204, 'ERR_SESSION_ANSWER'],
  ])('is told when the host %s', async (_what, members, status, code) => {
    const host = await wanting(members, status);
    expect(await refusal(async () => connect(host.port, client()))).toBe(code);
  });

  it('needs a certificate in the handshake', async () => {
    const host = await wanting(REQUIRED);
    const peer = await connectTls({ host: HOSTNAME, port: host.port });
    onTestFinished(() => void peer.socket.destroy());
    const { prove } = client();
    const presenting = presentEvidence(peer, { host: HOSTNAME, prove: prove! });
    await expect(presenting).rejects.toMatchObject({ code: 'ERR_VERIFIER_ARGUMENT' });
  });

  it('cannot over gRPC, which starts HTTP/2 by itself', () => {
    expect(() => attestedChannelCredentials({ ...requirements, client: client() })).toThrow(
      'cannot show evidence for the session',
    );
  });
});
