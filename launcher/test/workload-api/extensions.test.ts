// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_WORKLOAD_EXTENSION_BYTES } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { derOid, OID, utf8 } from '@proofgate/evidence';
import { describe, expect, test } from 'vitest';
import {
  MAX_DYNAMIC_EXTENSION_BYTES,
  MAX_DYNAMIC_EXTENSIONS,
} from '../../src/workload-api/extension-list.ts';
import { ARC, item, published, push } from './extension-items.ts';
import { askSocket, container, runOf, socketStage } from './stage.ts';

const WITHIN = { timeoutMs: 5_000 };

describe('what a workload pushes', () => {
  test('is published at once, sorted, and shown', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const directory = await sockets.give(container());
    const answer = await push(directory, [item('7', 'tools'), item('5.1', 'model')]);
    const body = { published: [item('5.1', 'model'), item('7', 'tools')], pendingMs: 0 };
    expect(answer).toMatchObject({ status: 200, body });
    expect(published(sockets)).toEqual(['5.1=model', '7=tools']);
    expect(stage.changes()).toBe(1);
    const socket = join(directory, 'workload.sock');
    expect(await askSocket(socket, 'GET', '/v1/extensions')).toMatchObject({ status: 200, body });
  });

  test('replaces what it pushed before; the same again changes nothing', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0 });
    const directory = await sockets.give(container());
    await push(directory, [item('5'), item('6')]);
    await push(directory, [item('6'), item('5')]);
    expect(stage.changes()).toBe(1);
    await push(directory, [item('6', 'new')]);
    expect(published(sockets)).toEqual(['6=new']);
    await push(directory, []);
    expect(published(sockets)).toEqual([]);
    expect(stage.changes()).toBe(3);
  });

  test('causes certificates at intervals only, and then the latest', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 300 });
    const directory = await sockets.give(container());
    await push(directory, [item('5', '0')]);
    for (let index = 1; index <= 20; index += 1) {
      const { body } = await push(directory, [item('5', String(index))]);
      expect(body).toMatchObject({ published: [item('5', '0')] });
      expect((body as { pendingMs: number }).pendingMs).toBeGreaterThan(0);
    }
    expect(stage.changes()).toBe(1);
    await waitFor(() => published(sockets)[0] === '5=20', WITHIN);
    expect(stage.changes()).toBe(2);
  });

  test('that is taken back before it was published causes none', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 60_000 });
    const directory = await sockets.give(container());
    await push(directory, [item('5', 'a')]);
    await push(directory, [item('5', 'b')]);
    expect(await push(directory, [item('5', 'a')])).toMatchObject({ body: { pendingMs: 0 } });
    expect(stage.changes()).toBe(1);
  });

  const arcBytes = derOid(`${ARC}.1`);
  test.each<[string, unknown, string]>([
    ['no list', {}, 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['no object', ['x'], 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['another member', [{ ...item('5'), critical: true }], 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['no value', [{ oid: `${ARC}.5` }], 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    ['an empty value', [{ oid: `${ARC}.5`, value: '' }], 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    [
      'a value that is not base64',
      [{ oid: `${ARC}.5`, value: '*' }],
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    ['a number as OID', [{ oid: 5, value: 'AAAA' }], 'ERR_LAUNCHER_WORKLOAD_REQUEST'],
    [
      'a value that is too large',
      [item('5', new Uint8Array(MAX_WORKLOAD_EXTENSION_BYTES + 1))],
      'ERR_LAUNCHER_WORKLOAD_REQUEST',
    ],
    ['the arc itself', [{ ...item('5'), oid: ARC }], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    [
      'the image digest',
      [{ ...item('5'), oid: OID.imageDigest }],
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    ],
    ['the quote', [{ ...item('5'), oid: OID.tdxQuote }], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    [
      'an arc that begins alike',
      [{ ...item('5'), oid: `${ARC}0.1` }],
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    ],
    ['a name of the host', [{ ...item('5'), oid: '2.5.29.17' }], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    ['an OID with a zero in front', [item('05')], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    ['an OID that ends with a dot', [item('5.')], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    ['a long OID', [item('1.2.3.4.5')], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    ['the same twice', [item('5', 'a'), item('5', 'b')], 'ERR_LAUNCHER_EXTENSIONS_REFUSED'],
    [
      'an OID in the value',
      [item('5', new Uint8Array([1, ...arcBytes, 2]))],
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    ],
    [
      'too many',
      Array.from({ length: MAX_DYNAMIC_EXTENSIONS + 1 }, (_, n) => item(String(n))),
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    ],
    [
      'too much together',
      Array.from({ length: 3 }, (_, n) =>
        item(String(n), new Uint8Array(MAX_DYNAMIC_EXTENSION_BYTES / 2)),
      ),
      'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    ],
  ])('is refused as a whole for %s', async (_, extensions, code) => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0 });
    const directory = await sockets.give(container());
    await push(directory, [item('1', 'before')]);
    expect(await push(directory, extensions)).toMatchObject({ status: 422, body: { code } });
    expect(published(sockets)).toEqual(['1=before']);
  });

  test('may be as much as there may be', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const directory = await sockets.give(container());
    const bytes = MAX_DYNAMIC_EXTENSION_BYTES / MAX_DYNAMIC_EXTENSIONS;
    const all = Array.from({ length: MAX_DYNAMIC_EXTENSIONS }, (_, n) =>
      item(`1.2.3.${String(n)}`, new Uint8Array(bytes).fill(n)),
    );
    expect((await push(directory, all)).status).toBe(200);
    expect(published(sockets)).toHaveLength(MAX_DYNAMIC_EXTENSIONS);
  });
});

describe('what a manager sets', () => {
  test('is added to what the workload says, one by one, and replaces none of it', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0 });
    const directory = await sockets.give(container());
    await push(directory, [item('5', 'workload'), item('6', 'workload')]);
    const endpoint = sockets.find(container())!;
    await expect(endpoint.setExtension(`${ARC}.5`, utf8('manager'))).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    });
    await endpoint.setExtension(`${ARC}.7`, utf8('manager'));
    await endpoint.setExtension(`${ARC}.7`, utf8('again'));
    expect(published(sockets)).toEqual(['5=workload', '6=workload', '7=again']);
    await push(directory, []);
    expect(published(sockets)).toEqual(['7=again']);
  });

  test('is bounded together with what the workload says', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0 });
    const directory = await sockets.give(container());
    const half = new Uint8Array(MAX_DYNAMIC_EXTENSION_BYTES / 2);
    await push(directory, [item('1', half), item('2', half)]);
    const endpoint = sockets.find(container())!;
    await expect(endpoint.setExtension(`${ARC}.3`, half)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    });
    await expect(endpoint.setExtension(OID.imageDigest, half)).rejects.toMatchObject({
      code: 'ERR_LAUNCHER_EXTENSIONS_REFUSED',
    });
    expect(published(sockets)).toHaveLength(2);
  });
});

describe('what an instance says', () => {
  test('ends with it, before the next one starts', async () => {
    const stage = await socketStage();
    let told = 0;
    const sockets = await stage.open({
      superseded: () => {
        told += 1;
        return Promise.resolve();
      },
    });
    const measured = container();
    const directory = await sockets.give(measured);
    expect(told).toBe(0);
    const run = runOf('web-1');
    await sockets.started(measured, run.instance);
    await push(directory, [item('5')]);
    await run.end();
    await waitFor(() => published(sockets).length === 0, WITHIN);
    expect(stage.changes()).toBe(2);
    expect(told).toBe(0);
    // Only when nobody is shown it any more.
    await sockets.give(measured);
    expect(told).toBe(1);
    await sockets.give(measured);
    expect(told).toBe(1);
  });

  test('keeps the next one from starting while the proxy does not take it back', async () => {
    const stage = await socketStage();
    let proxy: Promise<void> = new Promise(() => undefined);
    const sockets = await stage.open({ superseded: () => proxy, withdrawMs: 50 });
    const directory = await sockets.give(container());
    await push(directory, [item('5')]);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(sockets.give(container())).rejects.toMatchObject({
        code: 'ERR_LAUNCHER_GATEWAY_REFUSED',
        family: 'unavailable',
      });
    }
    proxy = Promise.resolve();
    expect(await sockets.give(container())).toBe(directory);
  });

  test('is said again by the next one without a wait', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 200 });
    const measured = container();
    const directory = await sockets.give(measured);
    await push(directory, [item('5', 'first')]);
    await sockets.give(measured);
    expect(published(sockets)).toEqual([]);
    // A workload that starts over and over must not cause a certificate each time.
    await push(directory, [item('5', 'second')]);
    expect(published(sockets)).toEqual([]);
    await waitFor(() => published(sockets)[0] === '5=second', WITHIN);
  });

  test('does not end with an earlier one whose end is noticed late', async () => {
    const stage = await socketStage();
    const sockets = await stage.open({ minReissueMs: 0 });
    const measured = container();
    const directory = await sockets.give(measured);
    const [first, second] = [runOf('web-1'), runOf('web-2')];
    await sockets.started(measured, first.instance);
    await sockets.give(measured);
    await sockets.started(measured, second.instance);
    await push(directory, [item('5')]);
    await first.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(published(sockets)).toEqual(['5=value']);
  });

  test('goes on under the next launcher, if the instance does', async () => {
    const stage = await socketStage();
    const measured = container();
    const before = await stage.open({ minReissueMs: 0 });
    const directory = await before.give(measured);
    // Said before the launcher knew the name of the instance, and after.
    await push(directory, [item('5')]);
    await before.started(measured, runOf('web-1').instance);
    await before.find(measured)!.setExtension(`${ARC}.6`, utf8('manager'));
    await before.close();

    const after = await stage.open({ minReissueMs: 60_000 });
    await after.adopted(measured, runOf('web-1').instance);
    expect(published(after)).toEqual(['5=value', '6=manager']);
    expect(await push(directory, [])).toMatchObject({ status: 200 });
    await after.close();

    const later = await stage.open();
    await later.adopted(measured, runOf('web-2').instance);
    expect(published(later)).toEqual([]);
  });

  test.each(['', '{', '{"version":2,"instances":[]}', '{"version":1,"instances":[{"id":"x"}]}'])(
    'is forgotten when the notes are %j',
    async (text) => {
      const stage = await socketStage();
      const measured = container();
      const before = await stage.open();
      const directory = await before.give(measured);
      await before.started(measured, runOf('web-1').instance);
      await push(directory, [item('5')]);
      await before.close();
      await writeFile(join(stage.runDir, 'instance-notes.json'), text);
      const after = await stage.open();
      await after.adopted(measured, runOf('web-1').instance);
      expect(published(after)).toEqual([]);
    },
  );

  test('is that of one version of the workload alone', async () => {
    const stage = await socketStage();
    const sockets = await stage.open();
    const [old, next] = [
      container(),
      { ...container(), imageDigest: 'd0'.repeat(32), imageRef: 'x' },
    ];
    const [oldDirectory, nextDirectory] = [await sockets.give(old), await sockets.give(next)];
    expect(oldDirectory).not.toBe(nextDirectory);
    await push(oldDirectory, [item('5', 'old')]);
    await push(nextDirectory, [item('5', 'new')]);
    expect(published(sockets, old)).toEqual(['5=old']);
    expect(published(sockets, next)).toEqual(['5=new']);
    await sockets.remove(old);
    expect(sockets.find(old)).toBeUndefined();
    expect(published(sockets, next)).toEqual(['5=new']);
  });
});
