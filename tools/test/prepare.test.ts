// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { checkNode, explainInstallFailure } from '../prepare.mjs';

test.each(['20.19.0', '20.20.2', '22.0.0', '26.1.0'])('Node %s will do', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each(['20.18.9', '18.20.0'])(
  'Node %s is too old, and the message says what to do',
  (version) => {
    expect(() => checkNode(version)).toThrow(
      /20\.19 or newer is needed, this is .*\n.*nodejs\.org/,
    );
  },
);

test('no network is named as such, with the way out', () => {
  const text = explainInstallFailure('npm error code ENOTFOUND\n');
  expect(text).toContain('npm error code ENOTFOUND');
  expect(text).toContain('The package registry cannot be reached (ENOTFOUND)');
});

test('an outage that was seen before explains whatever npm fails with', () => {
  const text = explainInstallFailure('npm error cache mode is only-if-cached\n', 'EAI_AGAIN');
  expect(text).toContain('The package registry cannot be reached (EAI_AGAIN)');
});

test('other failures are left to what npm said', () => {
  const text = explainInstallFailure('npm error code EUSAGE\n');
  expect(text).toContain('its output is above');
  expect(text).not.toContain('registry');
});
