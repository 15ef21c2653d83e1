// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';

import { ManagementRefusal, refusalOf } from './management-refusal.ts';

/** A request to a management API. */
export interface ManagementRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly accept?: string;
  /** From the request to the end of the answer's head. */
  readonly timeoutMs?: number;
}

/** Sends a request and gives the head of its answer, whatever that says. */
export type Transport = (request: ManagementRequest) => Promise<IncomingMessage>;

/** Something that reads an answer strictly. */
export interface AnswerReader<T> {
  parse(value: unknown): T;
}

/** Answers come from a machine of ours, or one that was verified; a minute is long. */
export const ANSWER_TIMEOUT_MS = 60_000;
/** The largest answer is what a program printed, twice 4 MiB in base64. */
const MAX_ANSWER_CHARACTERS = 16_777_216;

/** The management API of one VM. */
export class ManagementClient {
  readonly #transport: Transport;
  readonly #close: () => void;

  constructor(transport: Transport, close: () => void) {
    this.#transport = transport;
    this.#close = close;
  }

  /**
   * Makes a request and reads its answer.
   *
   * @throws ManagementRefusal; whatever the transport throws
   */
  async ask<T>(request: ManagementRequest, reader: AnswerReader<T>): Promise<T> {
    return read(await textOf(await this.#successful(request)), reader);
  }

  /**
   * Makes a request and reads its answer, which is JSON line by line, for as long as there are any.
   *
   * @throws ManagementRefusal; whatever the transport throws
   */
  async *lines<T>(request: ManagementRequest, reader: AnswerReader<T>): AsyncGenerator<T> {
    const response = await this.#successful(request);
    const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    try {
      for await (const line of lines) yield read(line, reader);
    } finally {
      response.destroy();
    }
  }

  /** Lets go of the connection. */
  close(): void {
    this.#close();
  }

  async #successful(request: ManagementRequest): Promise<IncomingMessage> {
    const response = await this.#transport(request);
    const { statusCode: status = 0, headers } = response;
    if (status >= 200 && status < 300) return response;
    throw refusalOf(status, headers['content-type'], await textOf(response));
  }
}

function read<T>(text: string, reader: AnswerReader<T>): T {
  try {
    return reader.parse(JSON.parse(text));
  } catch {
    const message = 'the VM answers in a way that this version does not understand';
    throw new ManagementRefusal('ERR_CLI_MANAGEMENT_UNAVAILABLE', message, text.slice(0, 100));
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  const pieces: AsyncIterable<string> = response;
  for await (const piece of pieces) {
    text += piece;
    if (text.length > MAX_ANSWER_CHARACTERS) {
      const seen = `more than ${String(MAX_ANSWER_CHARACTERS)} characters`;
      throw new ManagementRefusal(
        'ERR_CLI_MANAGEMENT_UNAVAILABLE',
        'the answer is too large',
        seen,
      );
    }
  }
  return text;
}
