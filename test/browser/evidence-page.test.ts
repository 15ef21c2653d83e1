// SPDX-License-Identifier: Apache-2.0
import {
  buildTree,
  digestRuntimeEvent,
  encodeAuditManifest,
  OID,
  sha256,
  toHex,
  utf8,
} from '@proofgate/evidence';
import type { RuntimeEvent } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTd, TD_HOSTNAME, type Td } from '../../proxy/test/test-td.ts';
import { newOperator } from '../attacks/support/operator.ts';
import { findChromium, type HeadlessChromium, startChromium } from './chromium.ts';
import { type RefusingProxy, startRefusingProxy } from './refusing-proxy.ts';

const executable = findChromium();
if (executable === undefined && process.env['CI'] !== undefined) {
  throw new Error('CI needs chromium');
}
const title =
  executable === undefined
    ? 'the evidence page in Chromium (skipped: no chromium on this machine)'
    : 'the evidence page in Chromium';

const STARTUP_MS = 60_000;

/** In pixels. */
const PADDING = `parseFloat(getComputedStyle(document.querySelector('section')).paddingLeft)`;
const OVERHANG = `document.documentElement.scrollWidth - innerWidth`;
const HEIGHT = `document.documentElement.scrollHeight`;
const IMAGE = 'registry.example.com/hello';

describe.skipIf(executable === undefined)(title, () => {
  let td: Td;
  let outside: RefusingProxy;
  let browser: HeadlessChromium;

  beforeAll(async () => {
    td = await startWorkloadTd();
    outside = await startRefusingProxy();
    browser = await startChromium(executable ?? '', outside.port, true);
  }, STARTUP_MS);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await outside[Symbol.asyncDispose]();
    await td.close();
  });

  it.each([
    ['a large window', { width: 1200, height: 900 }],
    ['a telephone', { width: 360, height: 740 }],
  ])('is understandable in %s, and complains of nothing', async (_what, size) => {
    const page = await browser.context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.setViewportSize(size);
    const answer = await page.goto(`https://${TD_HOSTNAME}:${td.port}/.well-known/attestation`);
    expect(answer?.status()).toBe(200);
    expect(await page.title()).toBe(`Evidence of ${TD_HOSTNAME}`);
    expect(await page.locator('h1').innerText()).toBe(`Evidence of ${TD_HOSTNAME}`);
    expect(await page.locator('[role=note]').allInnerTexts()).toEqual([
      expect.stringContaining('Simulated.') as string,
      expect.stringContaining('This page is not the proof.') as string,
    ]);
    const command = `proofgate verify https://${TD_HOSTNAME}:${td.port} --ca root.pem`;
    expect(await page.locator('pre').first().innerText()).toContain(command);
    expect(await page.getByRole('cell', { name: IMAGE, exact: true }).count()).toBe(2);
    // The style is let in by its hash, and nothing sticks out.
    expect(await page.evaluate(PADDING)).toBeGreaterThan(10);
    expect(await page.evaluate(OVERHANG)).toBeLessThanOrEqual(0);
    expect(await page.evaluate(HEIGHT)).toBeLessThan(7_000);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('runs no script, even one that somebody has got into it', async () => {
    const page = await browser.context.newPage();
    await page.goto(`https://${TD_HOSTNAME}:${td.port}/.well-known/attestation`);
    const ran = await page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "taken over"';
      document.body.append(script);
      return document.title === 'taken over';
    })()`);
    expect(ran).toBe(false);
    await page.close();
  });
});

/** A TD whose launcher has loaded a workload. */
async function startWorkloadTd(): Promise<Td> {
  const { issuer } = await newOperator();
  const platform = createSimulatedPlatform();
  const tree = buildTree([
    { name: 'app.image', data: utf8(IMAGE) },
    { name: 'app.port', data: utf8('8000') },
  ]);
  const digest = toHex(sha256(utf8('an image')));
  const eventLog: RuntimeEvent[] = [
    {
      type: 'proofgate.platform',
      ca_spki_sha256: toHex(sha256(issuer.certificate.spki)),
      runtime_version: '1.7.2',
      platform_root: toHex(tree.root),
    },
    {
      type: 'proofgate.workload.load',
      name: 'hello',
      image_ref: IMAGE,
      image_digest: digest,
      config_root: toHex(tree.root),
      spec_digest: digest,
    },
  ];
  for (const event of eventLog) await platform.extend(3, digestRuntimeEvent(event));
  const extensions = [
    { oid: OID.workloadRoot, value: tree.root },
    { oid: OID.imageRef, value: utf8(IMAGE) },
  ];
  const manifests = { workload: encodeAuditManifest(tree) };
  return startTd(issuer, { platform, content: { eventLog, extensions, manifests } });
}
