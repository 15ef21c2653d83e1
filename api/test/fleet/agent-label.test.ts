// SPDX-License-Identifier: Apache-2.0
import { agentLabelSchema, agentLabelsSchema, agentNameSchema } from '@proofgate/api';
import { describe, expect, it } from 'vitest';

describe('a label of an agent', () => {
  it.each([
    'github:org/example#1',
    'github:user/a-b-c#9007199254740993',
    'github:repo/example/my.app_1#42',
    'pool',
    'zone:eu1',
    'zone:eu-west.1',
  ])('can be %s', (label) => {
    expect(agentLabelSchema.parse(label)).toBe(label);
  });

  it.each([
    '',
    'github:org/example',
    'github:org/example#0',
    'github:org/example#01',
    'github:org/Example#1',
    'github:org/exa--mple#1',
    'github:org/example-#1',
    'github:org/example#1 ',
    'github:repo/example#1',
    'github:team/example#1',
    'github:example',
    '*',
    'zone:',
    ':eu1',
    'zone:eu1:x',
    'Zone:eu1',
    'zone eu1',
    `a${'b'.repeat(300)}`,
  ])('cannot be %j', (label) => {
    expect(agentLabelSchema.safeParse(label).success).toBe(false);
  });

  it('is there once, with at most fifteen others', () => {
    expect(agentLabelsSchema.safeParse(['zone:a', 'zone:a']).success).toBe(false);
    const many = Array.from({ length: 17 }, (_, index) => `zone:${String(index)}`);
    expect(agentLabelsSchema.safeParse(many).success).toBe(false);
    expect(agentLabelsSchema.parse(many.slice(1))).toHaveLength(16);
  });
});

describe('a name of an agent', () => {
  it('is one label of a host name', () => {
    for (const name of ['a', 'prod1', 'a-b', 'a'.repeat(63)]) {
      expect(agentNameSchema.parse(name)).toBe(name);
    }
    for (const name of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64), 'ä', '../x']) {
      expect(agentNameSchema.safeParse(name).success, name).toBe(false);
    }
  });
});
