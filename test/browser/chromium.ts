// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const ARGUMENTS = [
  '--headless',
  // Chromium's own sandbox needs rights that a container's root does not have.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Chromium with a profile of its own, which is gone afterwards. */
export interface HeadlessChromium extends AsyncDisposable {
  readonly context: BrowserContext;
}

/** Path of the distribution's Chromium; undefined when there is none. */
export function findChromium(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return directories.map((directory) => join(directory, 'chromium')).find(isExecutable);
}

/**
 * Starts Chromium.
 *
 * @param executablePath from {@link findChromium}
 * @param proxyPort where everything goes that is not for the loopback interface
 * @param trustAll takes any certificate: not for tests of what a browser trusts
 */
export async function startChromium(
  executablePath: string,
  proxyPort: number,
  trustAll = false,
): Promise<HeadlessChromium> {
  const profile = await mkdtemp(join(tmpdir(), 'proofgate-chromium-'));
  const remove = async (): Promise<void> => rm(profile, { recursive: true, maxRetries: 5 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      ignoreHTTPSErrors: trustAll,
      args: [...ARGUMENTS, `--proxy-server=http://127.0.0.1:${proxyPort}`],
    });
    return {
      context,
      async [Symbol.asyncDispose]() {
        await context.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
