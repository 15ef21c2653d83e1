// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { SESSION_EXPORTER_LABEL } from '@proofgate/evidence';
import { ResponseReader } from '../load/response-reader.ts';
import type { EvidencePlan } from './evidence-plan.ts';

/** An answer, and what the client needs to replay it. */
export interface AnsweredQuestion {
  readonly status: number;
  readonly body: Buffer;
  readonly context: Uint8Array;
  readonly exported: Uint8Array;
}

/** A full handshake, one question, its answer. */
export interface AttestedConnection {
  readonly answer: Promise<AnsweredQuestion>;
  readonly socket: TLSSocket;
}

/** @param leaf SHA-256 of the host's key, base64url: all clients have seen the same certificate before */
export function attestedConnection(
  { port, servername, mode }: EvidencePlan,
  secureContext: SecureContext,
  leaf: string,
): AttestedConnection {
  const socket = connect({ host: '127.0.0.1', port, servername, secureContext });
  const context = randomBytes(32);
  const answer = new Promise<AnsweredQuestion>((resolve, reject) => {
    const reader = new ResponseReader();
    let exported: Buffer | undefined;
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      exported = socket.exportKeyingMaterial(32, SESSION_EXPORTER_LABEL, context);
      const question = { v: 2, mode, leaf, context: context.toString('base64url') };
      socket.write(requestWith(servername, JSON.stringify(question)));
    });
    socket.on('data', (chunk: Buffer) => {
      const response = reader.push(chunk);
      if (response === undefined || exported === undefined) return;
      const { status, body } = response;
      resolve({ status, body, context, exported });
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('connection closed without an answer')));
  });
  return { answer, socket };
}

function requestWith(host: string, body: string): string {
  return (
    `POST /.well-known/attestation HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n` +
    `content-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`
  );
}
