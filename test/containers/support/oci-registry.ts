// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuiltImage, ImageBlob } from './oci-image.ts';

/** A request that a registry got, as far as tests ask about it. */
export interface RegistryRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly accept: string | undefined;
}

/** How an answer goes wrong. */
export type Fault =
  /** Other bytes; the length is theirs. */
  | { readonly kind: 'bytes'; readonly change: (bytes: Buffer) => Uint8Array }
  /** Says all of it will come, sends so many bytes and closes the connection. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Sends so many bytes and then nothing, with the connection open. */
  | { readonly kind: 'hang'; readonly after: number }
  /** Never answers at all. */
  | { readonly kind: 'silence' }
  /** Sends a piece, waits, and so on. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly everyMs: number }
  /** Closes the connection instead of answering. */
  | { readonly kind: 'reset' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** Sends everything although a part was asked for. */
  | { readonly kind: 'ignore-range' }
  /** Answers a Range request with a Content-Range of another place. */
  | { readonly kind: 'wrong-range' };

/** Who may pull. */
export type RegistryAuth =
  | {
      readonly kind: 'token';
      readonly token: string;
      /** Where the challenge sends clients; this registry's own `/token` unless told. */
      readonly realm?: string;
      /** `user:password` that the token endpoint wants; anonymous clients get a token without it. */
      readonly credentials?: string;
      /** Body of the token endpoint's answer, if it is not to be a proper one. */
      readonly answer?: string;
    }
  | { readonly kind: 'basic'; readonly credentials: string };

/** Where a registry listens. */
export interface RegistryOptions {
  /** @defaultValue 0, any free one */
  readonly port?: number;
  /** @defaultValue '127.0.0.1' */
  readonly host?: string;
  /** Key and certificate in PEM, for HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

interface PlannedFault {
  readonly fault: Fault;
  left: number;
}

/**
 * A registry on loopback that serves images from memory (OCI distribution specification: pull, with Range), keeps a log
 * of what it was asked, and fails as it is told. Docker, podman, skopeo and containerd can pull from it, too.
 */
export class OciRegistry {
  /** Every request, oldest first. */
  readonly requests: RegistryRequest[] = [];
  /** As in image references: `127.0.0.1:<port>`. */
  readonly host: string;
  readonly url: string;
  auth: RegistryAuth | undefined;

  readonly #server: Server;
  readonly #blobs = new Map<string, ImageBlob>();
  readonly #tags = new Map<string, string>();
  readonly #faults = new Map<string, PlannedFault>();

  private constructor(server: Server, scheme: string, host: string) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.host = `${host}:${String(port)}`;
    this.url = `${scheme}://${this.host}`;
  }

  static async listen(options: RegistryOptions = {}): Promise<OciRegistry> {
    const { port = 0, host = '127.0.0.1', tls } = options;
    const server = tls === undefined ? createServer() : createSecureServer(tls);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const registry = new OciRegistry(server, tls === undefined ? 'http' : 'https', host);
    server.on('request', (request, response) => {
      registry.#handle(request, response).catch(() => response.destroy());
    });
    return registry;
  }

  /** Serves an image and returns its pinned reference. */
  add(repository: string, image: BuiltImage, tag?: string): string {
    for (const blob of image.blobs) this.addBlob(blob);
    if (tag !== undefined) this.#tags.set(`${repository}:${tag}`, image.pin);
    return `${this.host}/${repository}@${image.pin}`;
  }

  addBlob(blob: ImageBlob): void {
    this.#blobs.set(blob.digest, blob);
  }

  /** Serves a blob under a digest that need not be its own. */
  replace(digest: string, blob: ImageBlob): void {
    this.#blobs.set(digest, blob);
  }

  /**
   * Makes answers go wrong.
   *
   * @param key - digest of a blob, or a path such as `/token`
   * @param times - how many answers; all of them unless told
   */
  fail(key: string, fault: Fault, times: number = Number.POSITIVE_INFINITY): void {
    this.#faults.set(key, { fault, left: times });
  }

  /** Everything works again. */
  heal(): void {
    this.#faults.clear();
  }

  /** Requests for a blob or manifest. */
  requestsFor(digest: string): readonly RegistryRequest[] {
    return this.requests.filter(({ path }) => path.endsWith(digest));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const { authorization, range, accept } = request.headers;
    this.requests.push({ method, path, authorization, range, accept });
    const { pathname } = new URL(path, 'http://registry');
    if (pathname === '/token') {
      await this.#answer(response, { key: '/token', ...this.#tokenAnswer(authorization) });
      return;
    }
    if (!this.#admits(authorization)) {
      response.setHeader('www-authenticate', this.#challenge());
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      return;
    }
    const found = this.#find(pathname);
    const key = found?.key ?? pathname;
    if (found === undefined && !this.#faults.has(key)) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"errors":[{"code":"NOT_FOUND"}]}');
      return;
    }
    const headers = found === undefined ? {} : found.headers;
    const body = found?.body ?? Buffer.alloc(0);
    await this.#answer(response, { key, status: 200, headers, body, range, method });
  }

  #find(
    pathname: string,
  ): { key: string; headers: Record<string, string>; body: Buffer } | undefined {
    if (pathname === '/v2/' || pathname === '/v2') {
      const headers = { 'docker-distribution-api-version': 'registry/2.0' };
      return { key: pathname, headers, body: Buffer.from('{}') };
    }
    const [, repository = '', kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? [];
    if (kind === undefined) return undefined;
    if (kind === 'tags') {
      const prefix = `${repository}:`;
      const tags = [...this.#tags.keys()].filter((tag) => tag.startsWith(prefix));
      const body = { name: repository, tags: tags.map((tag) => tag.slice(prefix.length)) };
      const headers = { 'content-type': 'application/json' };
      return { key: pathname, headers, body: Buffer.from(JSON.stringify(body)) };
    }
    const digest = this.#tags.get(`${repository}:${name}`) ?? name;
    const blob = this.#blobs.get(digest);
    if (blob === undefined) return undefined;
    const type = kind === 'manifests' ? blob.mediaType : 'application/octet-stream';
    const headers = { 'content-type': type, 'docker-content-digest': digest };
    return { key: digest, headers, body: blob.bytes };
  }

  #admits(authorization: string | undefined): boolean {
    if (this.auth === undefined) return true;
    if (this.auth.kind === 'token') return authorization === `Bearer ${this.auth.token}`;
    return authorization === basic(this.auth.credentials);
  }

  #challenge(): string {
    if (this.auth?.kind !== 'token') return 'Basic realm="test"';
    const realm = this.auth.realm ?? `${this.url}/token`;
    return `Bearer realm="${realm}",service="test",scope="repository:app:pull"`;
  }

  #tokenAnswer(authorization: string | undefined): Answer {
    const headers = { 'content-type': 'application/json' };
    if (this.auth?.kind !== 'token') return { status: 404, headers, body: Buffer.from('{}') };
    const { credentials, token, answer } = this.auth;
    if (credentials !== undefined && authorization !== basic(credentials)) {
      return { status: 401, headers, body: Buffer.from('{}') };
    }
    const body = Buffer.from(answer ?? JSON.stringify({ token, expires_in: 300 }));
    return { status: 200, headers, body };
  }

  #takeFault(key: string): Fault | undefined {
    const planned = this.#faults.get(key);
    if (planned === undefined || planned.left <= 0) return undefined;
    planned.left -= 1;
    return planned.fault;
  }

  async #answer(
    response: ServerResponse,
    answer: Answer & { key: string; range?: string | undefined; method?: string },
  ): Promise<void> {
    const fault = this.#takeFault(answer.key);
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'reset') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'redirect' || fault?.kind === 'status') {
      const location = fault.kind === 'redirect' ? { location: fault.location } : fault.headers;
      response.writeHead(fault.status ?? 307, location);
      response.end(fault.kind === 'status' ? fault.body : undefined);
      return;
    }
    const whole = fault?.kind === 'bytes' ? Buffer.from(fault.change(answer.body)) : answer.body;
    const asked = fault?.kind === 'ignore-range' ? undefined : rangeOf(answer.range, whole.length);
    const [from, to] = asked ?? [0, whole.length];
    if (asked !== undefined) {
      const claimed = fault?.kind === 'wrong-range' ? 0 : from;
      const range = `bytes ${String(claimed)}-${String(to - 1)}/${String(whole.length)}`;
      response.setHeader('content-range', range);
    }
    const body = whole.subarray(from, to);
    const status = asked === undefined ? answer.status : 206;
    response.writeHead(status, { ...answer.headers, 'content-length': body.length });
    if (answer.method === 'HEAD') response.end();
    else await send(response, body, fault);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function send(
  response: ServerResponse,
  body: Buffer,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'cut' || fault?.kind === 'hang') {
    await write(response, body.subarray(0, fault.after));
    if (fault.kind === 'cut') response.destroy();
    return;
  }
  if (fault?.kind === 'slow') {
    for (let at = 0; at < body.length && !response.destroyed; at += fault.bytes) {
      await write(response, body.subarray(at, at + fault.bytes));
      await sleep(fault.everyMs);
    }
  } else {
    response.end(body);
    return;
  }
  response.end();
}

/** Resolves when the bytes have left, so that what follows comes after them. */
async function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) response.flushHeaders();
  else await new Promise((resolve) => response.write(bytes, resolve));
}

/** Half-open byte range, as far as there is one that can be satisfied. */
function rangeOf(header: string | undefined, length: number): [number, number] | undefined {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined || Number(from) >= length) return undefined;
  return [Number(from), to === undefined || to === '' ? length : Math.min(Number(to) + 1, length)];
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
