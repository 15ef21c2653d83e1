// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { processUsage } from '@proofgate/bench';

test.skipIf(!existsSync('/proc/self/stat'))('adds up this process (skipped without /proc)', () => {
  const cpuMs = (): number => processUsage(process.pid)?.cpuMs ?? 0;
  const before = cpuMs();
  expect(before).toBeGreaterThan(0);
  // Reading /proc takes time itself: this ends because it is counted.
  while (cpuMs() < before + 20);
  expect(processUsage(process.pid)?.processes).toBeGreaterThanOrEqual(1);
  expect(processUsage(process.pid)?.rssBytes).toBeGreaterThan(10 * 1024 * 1024);
});

test('a process that does not exist uses nothing', () => {
  expect(processUsage(0x7fff_ffff)).toBeUndefined();
});
