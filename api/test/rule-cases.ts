// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { vmConfigSchema } from '@proofgate/api';
import { APP, MINIMAL, PLATFORM } from './example-files.ts';

/** A rule by a file that keeps it and one that breaks it, and the one problem of the latter. */
export type RuleCase = readonly [
  rule: string,
  accepted: unknown,
  refused: unknown,
  problem: RegExp,
];

/** Each problem as `path: message`. */
export function problemsOf(file: unknown): string[] {
  const result = vmConfigSchema.safeParse(file);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

export function testRules(rules: readonly RuleCase[]): void {
  describe.each(rules)('%s', (_rule, accepted, refused, problem) => {
    test('is accepted', () => {
      expect(problemsOf(accepted)).toEqual([]);
    });

    test('is refused, and nothing else is', () => {
      const problems = problemsOf(refused);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(problem);
    });
  });
}

export const withPlatform = (change: object): unknown => ({
  ...MINIMAL,
  platform: { ...PLATFORM, ...change },
});

export const withContainers = (...containers: object[]): unknown => ({
  ...MINIMAL,
  platform: PLATFORM,
  containers,
});

export const withContainer = (change: object): unknown => withContainers({ ...APP, ...change });

/** A container that its owner configures. */
export const withConfigApi = (change: object, platform: object = {}): unknown => ({
  ...MINIMAL,
  platform: {
    ...PLATFORM,
    management: { oidc: { issuer: 'https://id.example.com' } },
    ...platform,
  },
  containers: [{ ...APP, config_api: { path: '/configure' }, owners: ['somebody'], ...change }],
});

export const withRoute = (change: object): unknown => ({
  ...MINIMAL,
  platform: PLATFORM,
  routes: [{ hostname: 'r.example.org', upstream: 'http://127.0.0.1:9000', ...change }],
});

export const without = (file: object, name: string): object =>
  Object.fromEntries(Object.entries(file).filter(([key]) => key !== name));
