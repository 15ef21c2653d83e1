// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { BenchEvidence } from './bench-evidence.ts';
import type { RunInBrowser } from './browser-program.ts';
import type { Rates, VerifierPace } from './measure-rates.ts';

/** Where Debian puts it; playwright-core brings no browser. */
const CHROMIUM = '/usr/bin/chromium';

/**
 * Measures in headless Chromium, on a page of this machine: browsers offer WebCrypto to secure contexts only, and
 * loopback is one.
 *
 * @param program the built `browser-program.js`
 */
export async function measureInBrowser(
  program: string,
  evidence: BenchEvidence,
  pace: VerifierPace,
): Promise<Rates> {
  const page = await servePage(await bundle(program));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    return await tab.evaluate(
      ([given, howLong]) => {
        // Set by the program, which the page has loaded.
        const { runVerifierBenchmark } = globalThis as unknown as {
          runVerifierBenchmark: RunInBrowser;
        };
        return runVerifierBenchmark(given, howLong);
      },
      [evidence, pace] as const,
    );
  } finally {
    await browser.close();
    await page.close();
  }
}

async function bundle(program: string): Promise<string> {
  const result = await build({
    entryPoints: [program],
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    target: 'es2023',
    logLevel: 'silent',
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error(`${program} gave no bundle`);
  return file.text;
}

async function servePage(script: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/program.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : '<!doctype html><script src="/program.js"></script>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // An address with a port: it listens on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
