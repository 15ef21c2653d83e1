// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVectorFiles, vectorSetOf } from '../vectors/read-vectors.ts';
import { casesOf } from '../vectors/vector-format.ts';
import { attestedSite } from './attested-site.ts';
import { bundlePage } from './bundle-page.ts';
import { findChromium, type HeadlessChromium, startChromium } from './chromium.ts';
import { type LoopbackSite, serveLoopback } from './loopback-site.ts';
import type { PageResults } from './page.ts';
import { type RefusingProxy, startRefusingProxy } from './refusing-proxy.ts';

const executable = findChromium();
if (executable === undefined && process.env['CI'] !== undefined) {
  throw new Error('CI needs chromium');
}
const title =
  executable === undefined
    ? 'vectors in Chromium (skipped: no chromium on this machine)'
    : 'vectors in Chromium';

/** Chromium calls home by itself, whatever it is told; the proxy refuses that too. */
const BROWSER_MAKER = /^(?:http:\/\/)?(?:[a-z0-9-]+\.)*(?:google|googleapis|gstatic)\.com[:/]/;

describe.skipIf(executable === undefined)(title, () => {
  const set = vectorSetOf(readVectorFiles());
  const open: AsyncDisposable[] = [];
  const opened = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
    open.push(resource);
    return resource;
  };
  let site: LoopbackSite;
  let proxy: RefusingProxy;
  let browser: HeadlessChromium;
  let results: PageResults;
  const requested: string[] = [];

  beforeAll(async () => {
    const { document, policy } = await attestedSite();
    const html =
      '<!doctype html><title>vectors</title><script type="module" src="/page.js"></script>';
    site = opened(
      await serveLoopback({
        '/': { type: 'text/html', body: html },
        '/page.js': { type: 'text/javascript', body: await bundlePage() },
        '/vectors': { type: 'application/json', body: JSON.stringify(set) },
        '/.well-known/attestation': { type: 'application/json', body: document },
        '/policy': { type: 'application/json', body: policy },
      }),
    );
    proxy = opened(await startRefusingProxy());
    browser = opened(await startChromium(executable ?? '', proxy.port));
    browser.context.on('request', (request) => requested.push(request.url()));
    results = await runPage(browser, site);
  }, 60_000);

  afterAll(async () => {
    for (const resource of open.toReversed()) await resource[Symbol.asyncDispose]();
  });

  it.each(casesOf(set).map(({ name, expected }) => [name, expected] as const))(
    '%s',
    (name, expected) => {
      expect(results.outcomes[name]).toMatchObject(expected);
    },
  );

  it('verifies the document of its own site, which binds to nothing', () => {
    expect(results.document).toEqual({ tee: 'tdx', policy: 'site', binding: 'none' });
  });

  it('asks nobody but its own site', () => {
    expect(requested.length).toBeGreaterThan(0);
    expect(requested.filter((url) => !url.startsWith(`${site.url}/`))).toEqual([]);
  });

  it('lets nothing out of the loopback interface', async () => {
    expect(proxy.asked.filter((target) => !BROWSER_MAKER.test(target))).toEqual([]);
    // What would go elsewhere takes the way that is watched, and ends there.
    const page = await browser.context.newPage();
    const answer = await page.goto('http://elsewhere.invalid/');
    expect(answer?.status()).toBe(403);
    expect(proxy.asked).toContain('http://elsewhere.invalid/');
  });
});

/** Opens the page and waits until it has posted its results, or has failed. */
async function runPage({ context }: HeadlessChromium, site: LoopbackSite): Promise<PageResults> {
  const page = await context.newPage();
  const failed = new Promise<never>((_resolve, reject) => {
    page.on('pageerror', reject);
    page.on('requestfailed', (request) => {
      reject(new Error(`${request.url()}: ${request.failure()?.errorText ?? 'failed'}`));
    });
  });
  await page.goto(site.url);
  const posted: unknown = JSON.parse(await Promise.race([site.results, failed]));
  if (typeof posted === 'object' && posted !== null && 'error' in posted) {
    throw new Error(`the page failed: ${String(posted.error)}`);
  }
  // Sound: the page posts its results or an error.
  return posted as PageResults;
}
