// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseRecipe, publishImage, verifyLayout } from '@proofgate/images';
import { bundleHello, HELLO_BUNDLE } from '../../tools/bundle-hello.mjs';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hello-image-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function buildAndUnpack(): Promise<string> {
  await bundleHello(join(root, HELLO_BUNDLE));
  const text = readFileSync(join(REPOSITORY, 'images/hello/image.yaml'), 'utf8');
  const { layout } = await publishImage({
    recipe: parseRecipe(text, 'image.yaml'),
    root,
    directory: join(root, 'layout'),
    nodeExecutable: process.execPath,
    architecture: process.arch,
    check: false,
    onProgress: () => undefined,
  });
  const rootfs = join(root, 'rootfs');
  mkdirSync(rootfs);
  for (const layer of (await verifyLayout(layout)).layerFiles) {
    execFileSync('tar', ['-xf', layer, '-C', rootfs]);
  }
  return rootfs;
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!isRoot)(
  'the image holds all that the app needs to run (skipped without root: chroot)',
  { timeout: 60_000 },
  async () => {
    const rootfs = await buildAndUnpack();
    const app = spawn(
      'chroot',
      ['--userspec=65532:65532', rootfs, '/usr/bin/node', '/app/hello.mjs'],
      { env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: '0' } },
    );
    try {
      let errors = '';
      app.stderr.on('data', (chunk) => (errors += String(chunk)));
      const line = once(createInterface(app.stdout), 'line').then(([text]) => String(text));
      const ended = once(app, 'exit').then(() => errors);
      const url = (await Promise.race([line, ended])).replace(/^.* on /, '');
      expect(url).toMatch(/^http:/);
      expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok\n');
    } finally {
      app.kill('SIGTERM');
    }
    expect((await once(app, 'exit'))[0]).toBe(0);
  },
);
