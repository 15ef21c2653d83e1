// SPDX-License-Identifier: Apache-2.0
import { ProxyError } from '../errors.ts';
import type { Exchange, ExchangeTask } from './exchange.ts';
import type { LocalResource } from './local-resource.ts';

/**
 * Reads a request to its end and has a resource of the worker answer it.
 *
 * @throws ProxyError ERR_PROXY_REQUEST_METHOD
 */
export function answerLocally(exchange: Exchange, resource: LocalResource): void {
  const { method } = exchange.head;
  if (!resource.methods.includes(method)) {
    throw new ProxyError('ERR_PROXY_REQUEST_METHOD', `${method} on a resource of the proxy`, {
      expected: resource.methods.join(', '),
    });
  }
  const task = new LocalTask(exchange, resource);
  exchange.start(task, resource.timeoutMs);
  if (exchange.complete) task.onContentEnd();
}

class LocalTask implements ExchangeTask {
  private readonly exchange: Exchange;
  private readonly resource: LocalResource;
  private readonly content: Uint8Array[] = [];
  private readonly gone = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(exchange: Exchange, resource: LocalResource) {
    this.exchange = exchange;
    this.resource = resource;
    this.timer = setTimeout(() => this.onLate(), resource.timeoutMs);
  }

  onContent(chunk: Uint8Array): void {
    const { maxBodyBytes } = this.resource;
    if (this.exchange.contentBytes <= maxBodyBytes) {
      this.content.push(Uint8Array.from(chunk));
      return;
    }
    const error = new ProxyError(
      'ERR_PROXY_REQUEST_BODY_TOO_LARGE',
      'request content is too large',
      { expected: `at most ${maxBodyBytes} bytes` },
    );
    this.exchange.fail(error, true);
  }

  onContentEnd(): void {
    void this.answer();
  }

  onDrain(): void {
    // An answer is written in one piece.
  }

  stop(): void {
    clearTimeout(this.timer);
    this.gone.abort();
  }

  private async answer(): Promise<void> {
    const { exchange, resource } = this;
    const { method, target, rawHeaders } = exchange.head;
    try {
      const pending = resource.answer({
        id: exchange.id,
        method,
        target,
        rawHeaders,
        body: Buffer.concat(this.content),
        connection: exchange.connection,
        signal: this.gone.signal,
      });
      const answer = pending instanceof Promise ? await pending : pending;
      exchange.answer(answer, false);
    } catch (error) {
      // Anything else is a defect, which must not look like an answer, and not end the worker either.
      const failure =
        error instanceof ProxyError
          ? error
          : new ProxyError('ERR_PROXY_LOCAL_ANSWER', 'resource failed', { cause: error });
      exchange.fail(failure);
    }
  }

  private onLate(): void {
    const error = this.exchange.complete
      ? new ProxyError('ERR_PROXY_LOCAL_TIMEOUT', 'answer took too long')
      : new ProxyError('ERR_PROXY_REQUEST_TIMEOUT', 'content took too long');
    this.exchange.fail(error);
  }
}
