// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { parseCertificate, sha256, toBase64Url } from '@proofgate/evidence';
import { answerTo, target, type Answer } from './https-client.ts';

/** A connection whose own end can be asked what it derives. */
export interface EvidenceConnection {
  readonly socket: TLSSocket;
  readonly spki: Uint8Array;
  /** 32 bytes that nobody has used before. */
  readonly context: Uint8Array;
  /** Members of a sound question about a session. */
  question(mode: string): { v: 2; mode: string; leaf: string; context: string };
  /** Sends a question; text goes as it is. */
  ask(question: object | string, more?: AskOptions): Promise<Answer>;
  /** Any other request over the same connection. */
  send(path: string, headers?: Record<string, string | string[]>): Promise<Answer>;
  exported(label: string, context: Uint8Array): Uint8Array;
  close(): void;
}

export interface AskOptions {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
}

/** Opens a connection over HTTP/1.1 and keeps it open. */
export async function connectForEvidence(
  port: number,
  hostname: string,
  client: { readonly key?: string; readonly cert?: string } = {},
): Promise<EvidenceConnection> {
  const { key, cert } = client;
  const shown = key === undefined || cert === undefined ? {} : { key, cert };
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...shown });
  const warmUp = request(target(port, hostname, { agent, path: '/.well-known/attestation' }));
  warmUp.end();
  // Sound: the agent makes TLS connections.
  const [socket] = (await once(warmUp, 'socket')) as [TLSSocket];
  await answerTo(warmUp);
  const { spki } = parseCertificate(socket.getPeerCertificate().raw);
  const context = Uint8Array.from(randomBytes(32));
  return {
    socket,
    spki,
    context,
    question: (mode) => ({
      v: 2,
      mode,
      leaf: toBase64Url(sha256(spki)),
      context: toBase64Url(context),
    }),
    ask: (question, { path = '/.well-known/attestation', method = 'POST', headers = {} } = {}) => {
      const body = typeof question === 'string' ? question : JSON.stringify(question);
      const all = { 'content-type': 'application/json', ...headers };
      const outgoing = request(target(port, hostname, { agent, path, method, headers: all }));
      const answer = answerTo(outgoing);
      outgoing.end(body);
      return answer;
    },
    send: (path, headers = {}) => {
      const outgoing = request(target(port, hostname, { agent, path, headers }));
      const answer = answerTo(outgoing);
      outgoing.end();
      return answer;
    },
    exported: (label, over) =>
      Uint8Array.from(socket.exportKeyingMaterial(32, label, Buffer.from(over))),
    close: () => agent.destroy(),
  };
}
