// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommandLine, type Terminal } from '@proofgate/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentedSetting, startDocumentedSetting } from './support/documented-setting.ts';
import { allPages, blocksIn, type CodeBlock } from './support/markdown-page.ts';

/** A `proofgate` command line of a page. */
interface DocumentedCommand {
  readonly where: string;
  readonly text: string;
  /** Without the program's name, comments and redirections. */
  readonly args: readonly string[];
}

const COMMANDS = blocksIn(allPages(), 'sh').flatMap(commandsIn);

function commandsIn({ page, line, text }: CodeBlock): readonly DocumentedCommand[] {
  return text.split('\n').flatMap((written, index) => {
    const [command = ''] = written.split(/\s+[#>]\s+/);
    const [npx, program, ...args] = command.trim().split(/\s+/);
    if (npx !== 'npx' || program !== 'proofgate') return [];
    return [{ where: `${page}:${String(line + index + 1)}`, text: command, args }];
  });
}

async function proofgate(args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    colour: false,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  };
  const nobody = Object.assign(new PassThrough(), { isTTY: false });
  const exitCode = await runCommandLine(args, {
    terminal,
    env: {},
    // Sound: no command here reads or asks for anything.
    stdin: nobody as unknown as NodeJS.ReadStream,
    stderr: nobody as unknown as NodeJS.WriteStream,
    now: () => new Date(),
  });
  return { exitCode, out: out.join('\n'), err: err.join('\n') };
}

/** Help of the command that a line calls, without its arguments. */
async function helpOf({ args }: DocumentedCommand): Promise<string> {
  const words = args.slice(0, 2).filter((word) => /^[a-z]+$/.test(word));
  const { exitCode, out } = await proofgate([...words, '--help']);
  expect(exitCode).toBe(0);
  expect(out).toContain(`Usage: proofgate ${words.join(' ')} [options]`);
  return out;
}

describe('the commands of the pages', () => {
  it('are found', () => {
    expect(COMMANDS.length).toBeGreaterThan(10);
  });

  it.each(COMMANDS)('$where calls a command with options that it has', async (command) => {
    const help = await helpOf(command);
    const options = command.args.filter((word) => word.startsWith('-'));
    const known = new Set(help.match(/(?<=^|[\s,])--?[a-z][a-z-]*/gm));
    expect(options.filter((option) => !known.has(option))).toEqual([]);
    const values = command.args.filter((word) => !word.startsWith('-')).length;
    expect(values).toBeGreaterThan(0);
  });

  it('would not pass with an option that is none', async () => {
    const { exitCode, err } = await proofgate(['verify', 'app.example.com:443', '--no-such']);
    expect(exitCode).toBe(2);
    expect(err).toContain("unknown option '--no-such'");
  });
});

describe('the commands that a client runs', () => {
  let setting: DocumentedSetting;
  beforeAll(async () => {
    setting = await startDocumentedSetting();
  });
  afterAll(async () => {
    await setting.close();
  });

  const run = async ({ args }: DocumentedCommand) => {
    const inFolder = (word: string): string => {
      const file = join(setting.files, word);
      return existsSync(file) ? file : word;
    };
    const words = args.map((word) => inFolder(setting.rewrite(word)));
    // There is no policy yet that names the simulated root.
    const root = args[1] === 'init' ? ['--root', join(setting.files, 'platform-root.pem')] : [];
    return proofgate([...words, ...root]);
  };
  const clients = COMMANDS.filter(({ args: [command = ''] }) =>
    ['verify', 'inspect', 'policy'].includes(command),
  );

  it.each(clients)('$where does what it says: $text', async (command) => {
    const { exitCode, out, err } = await run(command);
    const differs = command.args.includes('diff');
    expect(exitCode, out + err).toBe(differs ? 10 : 0);
    expect(out).toMatch(printed(command.args));
  });
});

/** What a command prints when it does what it is for. */
function printed([command = '', action = '']: readonly string[]): RegExp {
  if (command === 'verify') return /^(?:ACCEPTED|\{\s+"verdict": "accepted")/;
  if (command === 'inspect') return /localhost/;
  return { init: /"TRUST ON FIRST USE: /, check: /accepts evidence if/ }[action] ?? /  - /;
}
