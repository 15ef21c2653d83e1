// SPDX-License-Identifier: Apache-2.0
import { InvalidArgumentError, Option, type Command } from 'commander';

import { caImport, type CaImportOptions } from '../commands/ca-import.ts';
import { caInit, type CaInitOptions } from '../commands/ca-init.ts';
import { caIntermediary, type CaIntermediaryOptions } from '../commands/ca-intermediary.ts';
import { caShow, type CaShowOptions } from '../commands/ca-show.ts';
import type { CommandContext } from '../context.ts';

const ROOT_DAYS = 3_650;
const INTERMEDIARY_DAYS = 365;
const PASSPHRASE_FILE = 'file with the passphrase of the root key (default: ask)';

/** `proofgate ca …`: the operator's private PKI. */
export function addCaCommands(program: Command, context: CommandContext): void {
  const ca = program
    .command('ca')
    .description('make and look after a private PKI')
    .helpCommand(false)
    .hook('preAction', () => {
      context.setRefusalMeaning('failure');
    });

  ca.command('init')
    .description('make a root CA: root.pem for everyone who verifies, root.key for a safe place')
    .requiredOption('--out <dir>', 'directory for the files')
    .option('--name <text>', 'common name of the root', 'Proofgate root')
    .addOption(keyTypeOption())
    .option('--days <n>', 'validity', positiveInteger, ROOT_DAYS)
    .option('--passphrase-file <file>', PASSPHRASE_FILE)
    .option('--no-passphrase', 'write the key unencrypted')
    .action((options: CaInitOptions) => caInit(options, context));

  ca.command('intermediary')
    .description('make the intermediary of one machine, limited to its names')
    .requiredOption('--dir <dir>', 'directory with root.pem and root.key')
    .option('--out <dir>', 'directory for intermediary.pem and intermediary.key (default: --dir)')
    .requiredOption('--domain <name>', 'domain it may issue for; may be repeated', collect)
    .option('--ip <range>', 'address range it may issue for; may be repeated', collect, [])
    .option('--name <text>', 'common name')
    .addOption(keyTypeOption())
    .option('--days <n>', 'validity', positiveInteger, INTERMEDIARY_DAYS)
    .option('--passphrase-file <file>', PASSPHRASE_FILE)
    .action((options: CaIntermediaryOptions) => caIntermediary(options, context));

  ca.command('import')
    .description('check an intermediary made by other software and take it over')
    .requiredOption('--cert <file>', 'PEM: the intermediary first, then the CAs above it')
    .requiredOption('--key <file>', 'PEM: PKCS#8, encrypted PKCS#8 or SEC1')
    .requiredOption('--out <dir>', 'directory for intermediary.pem and intermediary.key')
    .option('--passphrase-file <file>', 'file with the passphrase of the key (default: ask)')
    .action((options: CaImportOptions) => caImport(options, context));

  ca.command('show')
    .description('show certificates: names, constraints, validity, fingerprints')
    .argument('<file>', 'PEM file')
    .option('--json', 'print JSON')
    .action((file: string, options: CaShowOptions) => caShow(file, options, context));
}

function keyTypeOption(): Option {
  return new Option('--key-type <type>', 'key type').choices(['P-256', 'P-384']).default('P-256');
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function positiveInteger(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/u.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}
