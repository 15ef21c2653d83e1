// SPDX-License-Identifier: Apache-2.0
import { parseUpstream } from '@proofgate/api';
import { describe, expect, it } from 'vitest';
import { identitySpec } from '../src/identity/identity-spec.ts';
import type { Identity } from '../src/identity/mint-identity.ts';
import type { Snapshot } from '../src/ipc/snapshot.ts';
import type { DesiredHost } from '../src/primary/gateway-hosts.ts';
import { buildSnapshot } from '../src/primary/snapshot-builder.ts';
import { TEST_ROUTE_LIMITS } from './test-worker.ts';

const OLD = 'http://10.92.0.3:8000';
const NEW = 'http://10.92.0.5:8000';

/** A host as the launcher describes it; each `log` is a description of its own. */
function described(
  workload: string,
  upstream: string,
  { retiring, log = '' }: { readonly retiring?: string; readonly log?: string } = {},
): DesiredHost {
  const hostname = 'app.example.com';
  return {
    route: {
      hostname,
      mode: 'http',
      upstream: parseUpstream(upstream, 'http'),
      workload,
      limits: TEST_ROUTE_LIMITS,
    },
    retiring: retiring === undefined ? undefined : parseUpstream(retiring, 'http'),
    spec: {
      ...identitySpec({
        hostname,
        attestation: 'certificate',
        extensions: [],
        eventLog: [],
        ccel: undefined,
        manifests: {},
      }),
      fingerprint: `${workload} ${log}`,
    },
  };
}

/** Snapshots one after the other, each with the identity that was made for `proved`. */
function series(): (host: DesiredHost, proved: DesiredHost) => Snapshot {
  let last: Snapshot | undefined;
  return ({ ...host }, { spec }) => {
    const identity: Identity = {
      id: spec.fingerprint,
      spec,
      privateKey: '',
      chainPem: '',
      spki: new Uint8Array(),
      spkiSha256: '',
      caSpkiSha256: '',
      notBefore: new Date(0),
      notAfter: new Date(1),
      document: new Uint8Array(),
    };
    last = buildSnapshot((last?.version ?? 0) + 1, [host], () => identity, last);
    return last;
  };
}

describe('a host whose workload is replaced by another beside it', () => {
  const before = described('old', OLD);
  const after = described('new', NEW, { retiring: OLD });

  it('leads to the old one until the new one is proved, and keeps its connections', () => {
    const next = series();
    const first = next(before, before);
    expect(next(after, before).hosts).toEqual(first.hosts);
    const { route } = next(after, after).hosts[0]!;
    const retiring = { workload: 'old', upstream: parseUpstream(OLD, 'http') };
    expect(route).toMatchObject({ workload: 'new', upstream: { host: '10.92.0.5' }, retiring });
    expect(next(after, after).hosts[0]?.route).toEqual(route);
    // A change of the log asks for a new certificate; the connections stay where they are.
    const logged = described('new', NEW, { retiring: OLD, log: 'one event more' });
    expect(next(logged, after).hosts[0]?.route).toEqual(route);
    expect(next(logged, logged).hosts[0]?.route).toEqual(route);
  });

  it('forgets the old one as soon as the launcher does, proved or not', () => {
    const next = series();
    next(before, before);
    next(after, after);
    const alone = described('new', NEW, { log: 'one event more' });
    expect(next(alone, after).hosts).toMatchObject([{ route: { workload: 'new' } }]);
    expect(next(alone, after).hosts[0]?.route.retiring).toBeUndefined();
  });

  it('goes back to the old one in the same way', () => {
    const next = series();
    next(before, before);
    next(after, after);
    const back = described('old', OLD, { retiring: NEW, log: 'back' });
    expect(next(back, after).hosts).toMatchObject([{ route: { workload: 'new' } }]);
    expect(next(back, back).hosts).toMatchObject([
      { route: { workload: 'old', retiring: { workload: 'new' } } },
    ]);
  });

  it('is not served by the old one when that is said to be elsewhere', () => {
    const next = series();
    next(before, before);
    const elsewhere = described('new', NEW, { retiring: 'http://10.92.0.7:8000' });
    expect(next(elsewhere, before).hosts).toEqual([]);
    expect(next(elsewhere, elsewhere).hosts[0]?.route.retiring).toBeUndefined();
  });

  it('does not know the old one after a restart', () => {
    const next = series();
    expect(next(after, before).hosts).toEqual([]);
    expect(next(after, after).hosts[0]?.route.retiring).toBeUndefined();
  });
});

it('a host whose workload changes at its address is not served until the new one is proved', () => {
  const next = series();
  const [before, after] = [described('old', OLD), described('new', OLD)];
  next(before, before);
  expect(next(after, before).hosts).toEqual([]);
  expect(next(after, after).hosts).toMatchObject([{ route: { workload: 'new' } }]);
});
