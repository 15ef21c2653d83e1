// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';

/** A message as a parser of HTTP/1.1 has read it. */
export interface SeenMessage {
  /** Method and target, or the status. */
  readonly start: string;
  readonly version: string;
  /** Name and value by turns. */
  readonly fields: readonly string[];
  /** As latin1. */
  body: string;
  trailers: readonly string[];
}

type OnHeaders = (fields: string[], target: string) => void;
type OnHeadersComplete = (
  major: number,
  minor: number,
  fields: string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
) => number;

/** The parser of `node:http`. Its handlers have numbers for names. */
interface LlhttpParser {
  [handler: number]: OnHeaders | OnHeadersComplete | ((bytes: Uint8Array) => void) | (() => void);
  initialize(type: number, owner: object): void;
  /** An error is returned, not thrown. */
  execute(bytes: Uint8Array): number | Error;
  finish(): number | Error | undefined;
}

interface LlhttpClass {
  new (): LlhttpParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

// Sound as far as the shape is the one of Node 20 and later; without it the tests below fail at once.
const { HTTPParser, methods } = createRequire(import.meta.url)('node:_http_common') as {
  HTTPParser: LlhttpClass;
  methods: readonly string[];
};

/** The complete messages that llhttp, as strict as Node makes it, finds at the start of some bytes. */
export function messagesOfLlhttp(bytes: Uint8Array, type: 'request' | 'response'): SeenMessage[] {
  const complete: SeenMessage[] = [];
  const parser = new HTTPParser();
  let flushed: string[] = [];
  let flushedTarget = '';
  let current: SeenMessage | undefined;
  parser.initialize(type === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  // Many fields come in portions, and so do all trailers.
  parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
    flushed.push(...fields);
    // With trailers comes the target once more.
    if (current === undefined) flushedTarget += target;
  };
  parser[HTTPParser.kOnHeadersComplete] = (major, minor, fields, method, target, status) => {
    const line = `${methods[method ?? 0] ?? ''} ${target ?? flushedTarget}`;
    current = {
      start: type === 'request' ? line : String(status),
      version: `${String(major)}.${String(minor)}`,
      fields: fields ?? flushed,
      body: '',
      trailers: [],
    };
    flushed = [];
    flushedTarget = '';
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Uint8Array) => {
    if (current !== undefined) current.body += Buffer.from(chunk).toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (current !== undefined) complete.push({ ...current, trailers: flushed });
    flushed = [];
    current = undefined;
  };
  if (!(parser.execute(bytes) instanceof Error)) parser.finish();
  return complete;
}
