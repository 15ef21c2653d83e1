// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { verdictOf } from '@proofgate/verifier/node';
import { attestedWebSocket } from '@proofgate/verifier/ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { refusal } from '../refusal.ts';
import {
  type AttestedIdentity,
  attestedIdentity,
  HOSTNAME,
  requirementsFor,
} from './attested-identity.ts';
import { type AttestedServer, serveAttested, serveSilently } from './attested-server.ts';

const identity = await attestedIdentity();

async function serveEcho(of: AttestedIdentity): Promise<AttestedServer> {
  const webSockets = new WebSocketServer({ noServer: true });
  webSockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  return serveAttested(of, {
    onUpgrade: (request, socket, head) => {
      webSockets.handleUpgrade(request, socket, head, (client) => {
        webSockets.emit('connection', client, request);
      });
    },
  });
}

async function failure(socket: WebSocket): Promise<unknown> {
  const [error] = (await once(socket, 'error').catch((cause: unknown) => [cause])) as [unknown];
  return error;
}

describe('a WebSocket', () => {
  it('talks to a verified peer', async () => {
    const { port, resumed } = await serveEcho(identity);
    for (let round = 0; round < 2; round += 1) {
      const socket = attestedWebSocket(`wss://${HOSTNAME}:${port}/`, requirementsFor(identity), {
        protocols: [],
        handshakeTimeout: 5_000,
      });
      onTestFinished(() => {
        socket.terminate();
      });
      expect(verdictOf(socket)).toBeUndefined();
      await once(socket, 'open');
      expect(verdictOf(socket)?.binding).toBe('certificate');
      socket.send('secret');
      const [message] = (await once(socket, 'message')) as [Buffer];
      expect(message.toString()).toBe('secret');
    }
    expect(resumed).toEqual([false, false]);
  });

  it('sends nothing to a peer that is refused', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const socket = attestedWebSocket(
      `wss://${HOSTNAME}:${port}/secret`,
      requirementsFor(identity, { tee: 'sev-snp' }),
      { headers: { authorization: 'Bearer secret' } },
    );
    expect(await failure(socket)).toMatchObject({ code: 'ERR_POLICY_TEE' });
    expect((await nextClient()).length).toBe(0);
  });

  it('needs TLS', async () => {
    const insecure = () => attestedWebSocket('ws://127.0.0.1:9/', requirementsFor(identity));
    expect(await refusal(insecure)).toBe('ERR_CONNECT_INSECURE');
  });
});
