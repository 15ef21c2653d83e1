// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { proofgate } from './support/command.ts';

const COMMANDS = [
  'up',
  'proxy',
  'launcher',
  'simulator',
  'plan',
  'verify',
  'inspect',
  'ps',
  'load',
  'unload',
  'logs',
  'volumes',
  'exec',
  'policy init',
  'policy check',
  'policy diff',
  'ca init',
  'ca intermediary',
  'ca import',
  'ca show',
  'doctor',
  'completion',
];

it.for(['', 'ca', 'policy', ...COMMANDS])('has help: proofgate %s', async (command) => {
  const words = command === '' ? [] : command.split(' ');
  const { exitCode, out, err } = await proofgate(...words, '--help');
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toContain(['Usage: proofgate', ...words].join(' '));
});

it('names every command in the help of its group', async () => {
  for (const group of ['', 'ca', 'policy']) {
    const { out } = await proofgate(...(group === '' ? [] : [group]), '--help');
    const expected = COMMANDS.filter((command) =>
      group === '' ? !command.includes(' ') : command.startsWith(`${group} `),
    );
    for (const command of expected) expect(out).toContain(`  ${command.split(' ').at(-1)!}`);
  }
});

it('does not show options that only our own processes use', async () => {
  expect((await proofgate('proxy', '--help')).out).not.toContain('with-parent');
});

it('prints the version of its package', async () => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  expect(await proofgate('--version')).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
});

it.for<[complaint: string, ...args: string[]]>([
  ["unknown command 'verfy'", 'verfy'],
  ['Did you mean verify?', 'verfy'],
  ["unknown command 'int'", 'ca', 'int'],
  ["unknown option '--plicy'", 'verify', 'x', '--plicy', 'y'],
  ['Did you mean --policy?', 'verify', 'x', '--plicy', 'y'],
  ["missing required argument 'target'", 'verify'],
  ["missing required argument 'b'", 'policy', 'diff', 'a'],
  ["required option '-c, --config <file>'", 'plan'],
  ["required option '--domain <name>'", 'ca', 'intermediary', '--dir', 'x'],
  ['too many arguments', 'inspect', 'a', 'b'],
  ['expected a whole number', 'ca', 'init', '--out', 'x', '--days', '0'],
  ['Allowed choices are P-256, P-384', 'ca', 'init', '--out', 'x', '--key-type', 'RSA'],
  ['Allowed choices are bash, zsh, fish', 'completion', 'ksh'],
  ['expected an http or https URL', 'doctor', '--collateral', 'ftp://x'],
  ['expected 12 hex digits', 'doctor', '--fmspc', '00'],
])('refuses a wrong command line: %s', async ([complaint, ...args]) => {
  const { exitCode, out, err } = await proofgate(...args);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(complaint);
});

it.for(['', 'ca', 'policy'])('asks for a command: proofgate %s', async (group) => {
  const outcome = await proofgate(...(group === '' ? [] : [group]));
  expect(outcome).toMatchObject({ exitCode: 2, out: '' });
  expect(outcome.err).toContain('Commands:');
});
