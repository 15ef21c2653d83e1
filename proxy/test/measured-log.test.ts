// SPDX-License-Identifier: Apache-2.0
import type { CaIdentity } from '@proofgate/ca/authorities';
import { waitFor } from '@proofgate/daemon';
import {
  digestRuntimeEvent,
  OID,
  parseAttestationDocument,
  parseCertificate,
  sha256,
  toBase64,
  toHex,
  type Certificate,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHttpUpstream, type HttpUpstream } from './http-upstream.ts';
import { askVerified, isRefused, leafOf } from './proxy-client.ts';
import { newIntermediary } from './test-ca.ts';
import { startMachine, untilReady, type TestMachine } from './test-proxy.ts';

// Each test forks processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const APP = 'app.example.com';
const SOON = { timeoutMs: 8_000 };
const LOADED: RuntimeEvent = {
  type: 'proofgate.workload.load',
  name: 'app',
  image_ref: 'example.com/app',
  image_digest: '11'.repeat(32),
  config_root: '22'.repeat(32),
  spec_digest: '33'.repeat(32),
};

let machine: TestMachine;
let upstream: HttpUpstream;

beforeEach(async () => {
  machine = await startMachine();
  upstream = await startHttpUpstream((_incoming, outgoing) => outgoing.end('hello'));
});
afterEach(async () => {
  await machine.close();
  await upstream.close();
});

/** What a launcher does before it tells the proxy. */
async function measure(...events: RuntimeEvent[]): Promise<void> {
  for (const event of events) await machine.platform.extend(3, digestRuntimeEvent(event));
}

/** A CA in the proxy's files, and how a log names its key. */
async function changeCa(): Promise<{ ca: Certificate; spkiSha256: string }> {
  const identity: CaIdentity = await newIntermediary(machine.rootIdentity);
  await machine.writeCa(identity);
  const ca = parseCertificate(identity.certificate);
  return { ca, spkiSha256: toHex(sha256(ca.spki)) };
}

function started(spkiSha256: string): RuntimeEvent {
  return {
    type: 'proofgate.platform',
    ca_spki_sha256: spkiSha256,
    runtime_version: 'test/1',
    platform_root: '44'.repeat(32),
  };
}

async function push(revision: number, eventLog: readonly RuntimeEvent[]): Promise<void> {
  const answer = await machine.ask('PUT', '/v1/state', {
    version: 1,
    revision,
    bootId: 'launcher-1',
    platform: { tee: 'tdx', simulated: true, runtimeVersion: 'test/1' },
    eventLog,
    hosts: [
      {
        hostname: APP,
        mode: 'http',
        upstream: upstream.upstream,
        attestation: 'certificate',
        extensions: [{ oid: OID.imageDigest, value: toBase64(new Uint8Array(32)) }],
      },
    ],
  });
  expect(answer.status).toBe(200);
}

describe('an event log', () => {
  it('is not released beside a quote that covers more than it says', async () => {
    const { spkiSha256 } = await changeCa();
    const proxy = await machine.start(machine.config({}));
    const log = [started(spkiSha256), LOADED];
    await measure(...log);
    await push(0, log.slice(0, 1));
    await waitFor(() => machine.quotes() > 1, SOON);
    expect(proxy.health().status).toBe('starting');
    expect(await isRefused(proxy, APP)).toBe(true);

    await push(1, log);
    await untilReady(proxy);
    const { body } = await askVerified(proxy, machine.root, APP, '/.well-known/attestation');
    expect(parseAttestationDocument(JSON.parse(body)).eventLog).toEqual(log);
  });

  it('without events says nothing about a register that others extend', async () => {
    await measure(LOADED);
    const routes = [{ hostname: APP, upstream: upstream.upstream }];
    await untilReady(await machine.start(machine.config({ routes })));
  });
});

describe('a CA that the launcher has yet to measure', () => {
  it('is refused, and issues as soon as it is measured', async () => {
    const first = await changeCa();
    const proxy = await machine.start(machine.config({}));
    const log: RuntimeEvent[] = [started(first.spkiSha256)];
    await measure(...log);
    await push(0, log);
    await untilReady(proxy);

    const second = await changeCa();
    const quotes = machine.quotes();
    await expect(proxy.reload(machine.config({}))).rejects.toMatchObject({
      code: 'ERR_PROXY_CA_NOT_MEASURED',
    });
    expect(proxy.health().status).toBe('ok');
    expect(machine.quotes()).toBe(quotes);

    const event: RuntimeEvent = { type: 'proofgate.ca', ca_spki_sha256: second.spkiSha256 };
    await measure(event);
    const before = await leafOf(proxy, machine.root, APP);
    expect(toHex(before.authorityKeyId!)).toBe(toHex(first.ca.subjectKeyId!));
    await push(1, [...log, event]);
    await untilReady(proxy);
    const leaf = await leafOf(proxy, machine.root, APP);
    expect(toHex(leaf.authorityKeyId!)).toBe(toHex(second.ca.subjectKeyId!));
  });

  it('issues nothing as long as its files hold another one than was measured', async () => {
    const first = await changeCa();
    const proxy = await machine.start(machine.config({}));
    const log: RuntimeEvent[] = [started(first.spkiSha256)];
    await measure(...log);
    await push(0, log);
    await untilReady(proxy);
    const quotes = machine.quotes();
    const event: RuntimeEvent = { type: 'proofgate.ca', ca_spki_sha256: '5c'.repeat(32) };
    await measure(event);
    await push(1, [...log, event]);
    // The old CA issues nothing beside a log that names the new one; what it issued serves on.
    expect(proxy.health().status).toBe('starting');
    expect((await askVerified(proxy, machine.root, APP)).status).toBe(200);
    expect(machine.quotes()).toBe(quotes);
  });
});
