// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError } from '@proofgate/evidence';
import { verdictOf } from '@proofgate/verifier/node';
import {
  attestedDispatcher,
  attestedFetch,
  type AttestedDispatcherOptions,
  type VerifiedContext,
} from '@proofgate/verifier/undici';
import { type Agent, request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { attestedIdentity, counting, HOSTNAME, requirementsFor } from './attested-identity.ts';
import { serveAttested, serveSilently } from './attested-server.ts';

const identity = await attestedIdentity();

function dispatcherFor(
  requirements = requirementsFor(identity),
  options: AttestedDispatcherOptions = {},
): Agent {
  const dispatcher = attestedDispatcher(requirements, options);
  onTestFinished(async () => dispatcher.destroy());
  return dispatcher;
}

/** The code behind the TypeError that fetch rejects with. */
async function causeOf(pending: Promise<unknown>): Promise<string> {
  try {
    await pending;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    const { cause } = error as Error;
    expect(cause).toBeInstanceOf(CodedError);
    return (cause as CodedError).code;
  }
  return 'accepted';
}

/** The global fetch, which is another undici than ours. */
async function globalFetch(url: string, dispatcher: Agent, init: RequestInit = {}) {
  // Node's types know the dispatchers of Node's own undici only; it takes ours as well.
  return fetch(url, { ...init, dispatcher } as unknown as RequestInit);
}

describe('an undici dispatcher', () => {
  it('serves the global fetch', async () => {
    const { port, requests } = await serveAttested(identity);
    const dispatcher = dispatcherFor();
    const response = await globalFetch(`https://${HOSTNAME}:${port}/secret`, dispatcher);
    expect(await response.text()).toBe('hello');
    expect(requests).toEqual(['GET /secret']);
  });

  it('puts the verdict into the context of a response', async () => {
    const { port } = await serveAttested(identity);
    const dispatcher = dispatcherFor();
    const { body, context } = await request(`https://${HOSTNAME}:${port}/`, { dispatcher });
    expect(await body.text()).toBe('hello');
    expect((context as VerifiedContext).verdict.binding).toBe('certificate');
  });

  it('sends nothing to a peer that is refused', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const url = `https://${HOSTNAME}:${port}/secret`;
    const init = { method: 'POST', body: 'secret' };
    const strict = dispatcherFor(requirementsFor(identity, { tee: 'sev-snp' }));
    expect(await causeOf(globalFetch(url, strict, init))).toBe('ERR_POLICY_TEE');
    expect((await nextClient()).length).toBe(0);
    const intel = dispatcherFor(requirementsFor(identity, { roots: 'intel' }));
    expect(await causeOf(globalFetch(url, intel, init))).toBe('ERR_CERT_ROOT_UNTRUSTED');
    expect((await nextClient()).length).toBe(0);
  });

  it('verifies a name that a Host header asks for', async () => {
    const { port, requests } = await serveAttested(identity);
    const dispatcher = dispatcherFor();
    const url = `https://${HOSTNAME}:${port}/`;
    const other = request(url, { dispatcher, headers: { host: 'other.demo.localhost' } });
    await expect(other).rejects.toMatchObject({ code: 'ERR_CERT_HOSTNAME' });
    expect(requests).toEqual([]);
  });

  it('verifies once for a connection that is kept alive, and again for the next one', async () => {
    const { port, requests, resumed, drop } = await serveAttested(identity);
    const requirements = counting(requirementsFor(identity));
    const dispatcher = dispatcherFor(requirements, { connections: 1 });
    const get = async () => (await globalFetch(`https://${HOSTNAME}:${port}/`, dispatcher)).text();
    for (let round = 0; round < 3; round += 1) expect(await get()).toBe('hello');
    expect(requirements.count).toBe(1);
    const gone = new Promise((resolve) => dispatcher.once('disconnect', resolve));
    drop();
    await gone;
    expect(await get()).toBe('hello');
    expect(requirements.count).toBe(2);
    expect(requests.length).toBe(4);
    // The server offers tickets with every handshake.
    expect(resumed).toEqual([false, false]);
  });

  it('verifies every connection of a pool', async () => {
    const { port, requests, resumed } = await serveAttested(identity);
    const requirements = counting(requirementsFor(identity));
    const dispatcher = dispatcherFor(requirements, { connections: 4 });
    const bodies = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const { body, context } = await request(`https://${HOSTNAME}:${port}/`, { dispatcher });
        expect((context as VerifiedContext).verdict.policy).toBe('unnamed');
        return body.text();
      }),
    );
    expect(new Set(bodies)).toEqual(new Set(['hello']));
    expect(requests.length).toBe(24);
    expect(resumed).toEqual([false, false, false, false]);
    expect(requirements.count).toBe(4);
  });

  it('does not leave TLS', async () => {
    const seen: string[] = [];
    const plain = createServer((incoming, response) => {
      seen.push(incoming.url ?? '');
      response.end('plain');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void plain.close());
    const insecure = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/secret`;
    const { port } = await serveAttested(identity, {
      onRequest: (_request, response) => {
        response.statusCode = 302;
        response.setHeader('location', insecure);
        response.end();
      },
    });
    const dispatcher = dispatcherFor();
    expect(await causeOf(globalFetch(insecure, dispatcher))).toBe('ERR_CONNECT_INSECURE');
    const redirected = globalFetch(`https://${HOSTNAME}:${port}/`, dispatcher);
    expect(await causeOf(redirected)).toBe('ERR_CONNECT_INSECURE');
    expect(seen).toEqual([]);
  });
});

describe('an attested fetch', () => {
  it('knows what stands behind each response', async () => {
    const { port } = await serveAttested(identity);
    const other = await serveAttested(identity, {
      onRequest: (_request, response) => {
        response.statusCode = 307;
        response.setHeader('location', `https://${HOSTNAME}:${port}/end`);
        response.end();
      },
    });
    const fetchAttested = attestedFetch(requirementsFor(identity));
    onTestFinished(async () => fetchAttested.close());
    const direct = await fetchAttested(`https://${HOSTNAME}:${port}/`);
    expect(await direct.text()).toBe('hello');
    const redirected = await fetchAttested(`https://${HOSTNAME}:${other.port}/`);
    expect(await redirected.text()).toBe('hello');
    expect(verdictOf(direct)?.binding).toBe('certificate');
    // The same connection, hence the same verdict.
    expect(verdictOf(redirected)).toBe(verdictOf(direct));
    expect(verdictOf(new Response())).toBeUndefined();
  });

  it('rejects with the refusal as its cause', async () => {
    const { port, nextClient } = await serveSilently(identity);
    const fetchAttested = attestedFetch(requirementsFor(identity, { tee: 'sgx' }));
    onTestFinished(async () => fetchAttested.close());
    expect(await causeOf(fetchAttested(`https://${HOSTNAME}:${port}/`))).toBe('ERR_POLICY_TEE');
    expect((await nextClient()).length).toBe(0);
  });
});
