// SPDX-License-Identifier: Apache-2.0
import {
  createSimulatedPlatform,
  loadSimulatedPlatform,
  saveSimulatedPlatform,
} from '@proofgate/simulator';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failedChecks } from './independent-checks.ts';

const AT = new Date('2026-01-15T12:00:00.000Z');
const LATER = new Date('2026-06-01T00:00:00.000Z');

let parent: string;
let directory: string;
let file: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'simulator-'));
  directory = join(parent, 'platform');
  file = join(directory, 'simulated-platform.json');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('a saved simulated platform', () => {
  it('comes back with the same root, keys and machine, and fresh collateral', async () => {
    const saved = createSimulatedPlatform({ at: AT, fmspc: 'f0f0f0f0f0f1' });
    await saved.extend(3, new Uint8Array(48));
    await saveSimulatedPlatform(saved, directory);
    const loaded = await loadSimulatedPlatform(directory, { clock: () => LATER });
    expect(loaded?.rootSha256).toBe(saved.rootSha256);
    expect(loaded?.fmspc).toBe('f0f0f0f0f0f1');
    const quote = await loaded!.quote(new Uint8Array(64));
    expect(failedChecks(quote, loaded!.collateral(), LATER)).toEqual([]);
    // A restart is a reboot.
    expect(loaded?.measurements()).toEqual(createSimulatedPlatform({ at: AT }).measurements());
  });

  it('can be saved again with the same result', async () => {
    await saveSimulatedPlatform(createSimulatedPlatform({ at: AT }), directory);
    const first = await readFile(file, 'utf8');
    await saveSimulatedPlatform((await loadSimulatedPlatform(directory))!, directory);
    expect(await readFile(file, 'utf8')).toBe(first);
    expect(await readdir(directory)).toEqual(['simulated-platform.json']);
  });

  it('is readable by its owner alone', async () => {
    await saveSimulatedPlatform(createSimulatedPlatform({ at: AT }), directory);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    await chmod(file, 0o640);
    await expect(loadSimulatedPlatform(directory)).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_STATE_EXPOSED',
    });
  });

  it('is absent when none was saved', async () => {
    await expect(loadSimulatedPlatform(directory)).resolves.toBeUndefined();
  });

  it.each<[string, (content: Record<string, unknown>) => unknown]>([
    ['an unknown version', (content) => ({ ...content, version: 2 })],
    ['an unknown field', (content) => ({ ...content, extra: 1 })],
    ['a missing field', ({ fmspc: _, ...rest }) => rest],
    ['a time that is none', (content) => ({ ...content, madeAt: 'yesterday' })],
    [
      'a key that is none',
      (content) => ({ ...content, keys: { ...(content['keys'] as object), pck: 'x' } }),
    ],
    [
      'a root of other keys',
      (content) => ({
        ...content,
        rootCertificate: Buffer.from(createSimulatedPlatform().rootCertificate).toString('base64'),
      }),
    ],
    ['something else', () => []],
  ])('is refused with %s', async (_, change) => {
    await saveSimulatedPlatform(createSimulatedPlatform({ at: AT }), directory);
    const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify(change(content)));
    await expect(loadSimulatedPlatform(directory)).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_STATE',
    });
    await writeFile(file, JSON.stringify(content));
    await expect(loadSimulatedPlatform(directory)).resolves.toBeDefined();
  });

  it('is refused when it is too large', async () => {
    await saveSimulatedPlatform(createSimulatedPlatform({ at: AT }), directory);
    await writeFile(file, ' '.repeat(64 * 1024 + 1));
    await expect(loadSimulatedPlatform(directory)).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_STATE',
    });
  });
});
