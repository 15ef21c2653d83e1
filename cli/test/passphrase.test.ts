// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { createPrivateKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { proofgateWith } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const directory = testDirectory();
const init = (name: string, typed: readonly string[]) =>
  proofgateWith({ typed }, 'ca', 'init', '--out', directory.file(name));

it('asks for a new passphrase twice and prints it nowhere', async () => {
  const { exitCode, out, err } = await init('twice', ['long enough\r', 'long enough\r']);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).not.toContain('long enough');
  const key = readFileSync(directory.file('twice', 'root.key'), 'utf8');
  expect(createPrivateKey({ key, passphrase: 'long enough' }).type).toBe('private');
});

it('refuses two that differ', async () => {
  const outcome = await init('differ', ['long enough\r', 'long enougH\r']);
  expect(outcome).toMatchObject({ exitCode: 2, out: '' });
  expect(outcome.err).toContain('the two passphrases differ');
});

it.for([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('ends when the question is answered with %s', async ([name, key]) => {
  const outcome = await init(name!, [key!]);
  expect(outcome).toMatchObject({ exitCode: 2, out: '' });
  expect(outcome.err).toContain('no passphrase was given');
});
