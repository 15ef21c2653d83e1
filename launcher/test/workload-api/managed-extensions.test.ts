// SPDX-License-Identifier: Apache-2.0
import { OID, type ExtensionValue } from '@proofgate/evidence';
import { expect, test } from 'vitest';
import { DynamicExtensions } from '../../src/workload-api/dynamic-extensions.ts';

function says(tail: number, value: string): ExtensionValue {
  return { oid: `${OID.configurationHash}.${String(tail)}`, value: Buffer.from(value) };
}

function published(extensions: DynamicExtensions): readonly string[] {
  return extensions.published.map(({ value }) => Buffer.from(value).toString());
}

function make(): DynamicExtensions {
  return new DynamicExtensions({ onPublish: () => undefined, minReissueMs: 0 });
}

test('a manager adds to what a workload says, and replaces none of it', () => {
  const extensions = make();
  extensions.set('pulled', [says(1, 'pulled')]);
  extensions.set('pushed', [says(2, 'pushed')]);
  extensions.set('managed', [says(3, 'managed')]);
  for (const tail of [1, 2]) {
    expect(() => extensions.set('managed', [says(3, 'managed'), says(tail, 'mine')])).toThrow(
      expect.objectContaining({ code: 'ERR_LAUNCHER_EXTENSIONS_REFUSED' }) as Error,
    );
  }
  expect(published(extensions)).toEqual(['pulled', 'pushed', 'managed']);
});

test('a workload says later what a manager has said before, and wins', () => {
  const extensions = make();
  extensions.set('managed', [says(1, 'managed'), says(2, 'managed')]);
  extensions.set('pulled', [says(1, 'pulled')]);
  extensions.set('pushed', [says(2, 'pushed')]);
  expect(published(extensions)).toEqual(['pulled', 'pushed']);
  // What has no effect any more does not keep a manager from adding others.
  extensions.set('managed', [says(1, 'managed'), says(2, 'managed'), says(3, 'managed')]);
  expect(published(extensions)).toEqual(['pulled', 'pushed', 'managed']);
  const restored = make();
  restored.restore(extensions.wanted);
  expect(published(restored)).toEqual(['pulled', 'pushed', 'managed']);
});
