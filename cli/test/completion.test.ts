// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { proofgateOk } from './support/command.ts';
import { testDirectory } from './support/directory.ts';

const directory = testDirectory();
const script = await proofgateOk('completion', 'bash');

/** What bash offers after these words; the last one is not finished. */
function offered(...words: string[]): string[] {
  const ask = `source ${directory.write('proofgate.bash', script)}
COMP_WORDS=(proofgate "$@"); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
_proofgate
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' });
  return out.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  it('completes commands', () => {
    expect(offered('ver')).toEqual(['verify']);
    expect(offered('c')).toEqual(['ca', 'completion']);
    expect(offered('')).toEqual(expect.arrayContaining(['up', 'verify', 'doctor', '--help']));
    expect(offered('ca', 'in')).toEqual(['init', 'intermediary']);
    expect(offered('policy', '')).toEqual(['init', 'check', 'diff', '--help', '-h']);
  });

  it('completes options, values from a list, and arguments from a list', () => {
    expect(offered('verify', '--pol')).toEqual(['--policy']);
    expect(offered('ca', 'init', '--k')).toEqual(['--key-type']);
    expect(offered('ca', 'init', '--key-type', '')).toEqual(['P-256', 'P-384']);
    expect(offered('completion', 'b')).toEqual(['bash']);
  });

  it('leaves file names to the shell', () => {
    expect(offered('verify', '--ca', '')).toEqual([]);
    expect(offered('up', '-c', 'x')).toEqual([]);
    expect(script).toContain('complete -o default -F _proofgate proofgate');
  });

  it('is not misled by a value that is also a command', () => {
    expect(offered('verify', '--ca', 'ca', '--js')).toEqual(['--json']);
    expect(offered('ca', 'init', '--name', 'show', '--no')).toEqual(['--no-passphrase']);
  });

  it('does not offer options that only our own processes use', () => {
    expect(offered('proxy', '--')).toEqual(['--config', '--check', '--help']);
  });
});

describe('other shells', () => {
  it('zsh runs the same function', async () => {
    const text = await proofgateOk('completion', 'zsh');
    expect(text).toContain('bashcompinit');
    expect(text).toContain(script.trim());
  });

  it('fish gets every command with its options', async () => {
    const lines = (await proofgateOk('completion', 'fish')).trim().split('\n');
    expect(lines).toContain(
      "complete -c proofgate -n '__fish_seen_subcommand_from ca; and __fish_seen_subcommand_from init' -l key-type -x -a 'P-256 P-384' -d 'key type'",
    );
    expect(lines).toContain(
      "complete -c proofgate -n '__fish_seen_subcommand_from completion' -f -a 'fish'",
    );
    for (const line of lines.slice(1)) expect(line).toMatch(/^complete -c proofgate -n '[^']+' /u);
  });

  const shells = ['zsh', 'fish'].map((shell) => ({
    shell,
    found: spawnSync(shell, ['-c', 'true']).status === 0,
  }));
  for (const { shell, found } of shells) {
    const title = found ? '' : ` (skipped: no ${shell} on this machine)`;
    it.skipIf(!found && process.env['CI'] === undefined)(
      `${shell} can parse its script${title}`,
      async () => {
        const file = directory.write(`proofgate.${shell}`, await proofgateOk('completion', shell));
        execFileSync(shell, ['-n', file]);
      },
    );
  }
});
