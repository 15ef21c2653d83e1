// SPDX-License-Identifier: Apache-2.0
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isLocalhost } from '@proofgate/verifier/node';
import { describe, expect, it } from 'vitest';
import { loopbackLookup } from '../src/node/loopback-lookup.ts';

type Answer = readonly LookupAddress[] | { readonly address: string; readonly family: number };

async function lookup(hostname: string, options: LookupOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    loopbackLookup(hostname, options, (error, address, family) => {
      if (error !== null) reject(error);
      else if (typeof address === 'string') resolve({ address, family: family ?? 0 });
      else resolve(address);
    });
  });
}

const V4 = { address: '127.0.0.1', family: 4 };
const V6 = { address: '::1', family: 6 };

describe('names below localhost', () => {
  it.each<[LookupOptions, Answer]>([
    [{}, V4],
    [{ family: 0 }, V4],
    [{ family: 4 }, V4],
    [{ family: 'IPv4' }, V4],
    [{ family: 6 }, V6],
    [{ family: 'IPv6' }, V6],
    [{ all: true }, [V4, V6]],
    [{ all: true, family: 4 }, [V4]],
    [{ all: true, family: 6 }, [V6]],
    [{ all: false, family: 6 }, V6],
  ])('are this machine, asked for with %j', async (options, expected) => {
    expect(await lookup('app.localhost', options)).toEqual(expected);
  });

  it('are told from others, which are looked up as usual', async () => {
    expect(isLocalhost('app.localhost.')).toBe(true);
    expect(isLocalhost('app.localhost.example')).toBe(false);
    // An address needs no resolver, so nothing leaves this machine.
    expect(await lookup('127.0.0.9', { family: 4 })).toEqual({ address: '127.0.0.9', family: 4 });
  });
});
