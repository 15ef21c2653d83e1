// SPDX-License-Identifier: Apache-2.0
import type { RevocationReason } from '@proofgate/ca/operator';
import { InvalidArgumentError, Option, type Command } from 'commander';

import { caCrl, type CaCrlOptions } from '../commands/ca-crl.ts';
import { caEnrol, type CaEnrolOptions } from '../commands/ca-enrol.ts';
import { caExport, type CaExportOptions } from '../commands/ca-export.ts';
import { caImport, type CaImportOptions } from '../commands/ca-import.ts';
import { caInit, type CaInitOptions } from '../commands/ca-init.ts';
import { caIntermediary, type CaIntermediaryOptions } from '../commands/ca-intermediary.ts';
import { caJournalList, caJournalVerify, type CaJournalOptions } from '../commands/ca-journal.ts';
import { caRevoke, type CaRevokeOptions } from '../commands/ca-revoke.ts';
import {
  caRotateAbandon,
  caRotateActivate,
  caRotatePrepare,
  caRotateRetire,
  type CaRotateOptions,
  type CaRotatePrepareOptions,
} from '../commands/ca-rotate.ts';
import { caServe, type CaServeOptions } from '../commands/ca-serve.ts';
import { caShow, type CaShowOptions } from '../commands/ca-show.ts';
import type { CommandContext } from '../context.ts';

const ROOT_DAYS = 3_650;
const INTERMEDIARY_DAYS = 365;
const CRL_DAYS = 30;
const DIRECTORY = 'directory with root.pem and journal.jsonl';
const CRL_URL = 'where revocations are published; may be repeated';
/** As in the journal, which is loaded only when it is needed. */
const REASONS: readonly RevocationReason[] = [
  'unspecified',
  'keyCompromise',
  'superseded',
  'cessationOfOperation',
];
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
    .option('--crl-url <url>', CRL_URL, collect, [])
    .option('--name <text>', 'common name')
    .option('--csr <file>', 'certificate request of a machine that keeps its key')
    .addOption(keyTypeOption())
    .option('--days <n>', 'validity', positiveInteger, INTERMEDIARY_DAYS)
    .option('--passphrase-file <file>', PASSPHRASE_FILE)
    .action((options: CaIntermediaryOptions) => caIntermediary(options, context));

  ca.command('import')
    .description('check an intermediary made by other software and take it over')
    .option('--cert <file>', 'PEM: the intermediary first, then the CAs above it')
    .option('--key <file>', 'PEM: PKCS#8, encrypted PKCS#8 or SEC1')
    .option('--pkcs12 <file>', 'both in one file, instead of --cert and --key')
    .requiredOption('--out <dir>', 'directory for intermediary.pem and intermediary.key')
    .option('--passphrase-file <file>', 'file with the passphrase of the key (default: ask)')
    .action((options: CaImportOptions) => caImport(options, context));

  ca.command('show')
    .description('show certificates: names, constraints, validity, fingerprints')
    .argument('<file>', 'PEM file')
    .option('--json', 'print JSON')
    .action((file: string, options: CaShowOptions) => caShow(file, options, context));

  addRotationCommands(ca, context);
  addEnrolmentCommands(ca, context);
  addRevocationCommands(ca, context);

  ca.command('export')
    .description('print what clients have to trust')
    .requiredOption('--dir <dir>', DIRECTORY)
    .addOption(
      new Option('--format <form>', 'form of the bundle').choices(['pem', 'jwks']).default('pem'),
    )
    .option(
      '--also <file>',
      'further roots, for the time of a change; may be repeated',
      collect,
      [],
    )
    .action((options: CaExportOptions) => caExport(options, context));
}

function addEnrolmentCommands(ca: Command, context: CommandContext): void {
  ca.command('serve')
    .description('give machines their intermediaries over HTTPS, on the strength of their evidence')
    .requiredOption('-c, --config <file>', 'directory, address, rules and their policies')
    .option('--check', 'validate the file and stop')
    .action((options: CaServeOptions) => caServe(options, context));

  ca.command('enrol')
    .description('get the intermediary of this machine from such a CA; the key is made here')
    .requiredOption('--url <url>', 'address of the CA, such as https://ca.example.com:9444')
    .requiredOption('--root <file>', 'PEM of its root')
    .requiredOption('--host <name>', 'domain that the intermediary shall issue for')
    .requiredOption('--out <dir>', 'directory for intermediary.pem and intermediary.key')
    .addOption(
      new Option('--tee <kind>', 'what produces the evidence')
        .choices(['auto', 'tdx', 'sev-snp', 'simulated'])
        .default('auto'),
    )
    .option('--run-dir <dir>', 'where a simulated platform listens', '/run/proofgate')
    .option('--policy <file>', 'what the CA itself has to prove before anything is sent to it')
    .option('--collateral <path|url>', "for the CA's evidence (default: of this platform)")
    .action((options: CaEnrolOptions) => caEnrol(options, context));
}

function addRotationCommands(ca: Command, context: CommandContext): void {
  const rotate = ca
    .command('rotate')
    .description('replace the intermediary of a machine: prepare, activate, retire')
    .helpCommand(false);
  const out = 'directory of the intermediary (default: --dir)';

  rotate
    .command('prepare')
    .description('make the next intermediary, with the names and limits of the current one')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--out <dir>', out)
    .addOption(keyTypeOption())
    .option('--days <n>', 'validity', positiveInteger, INTERMEDIARY_DAYS)
    .option('--passphrase-file <file>', PASSPHRASE_FILE)
    .action((options: CaRotatePrepareOptions) => caRotatePrepare(options, context));

  rotate
    .command('activate')
    .description('put it in the place of the current one')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--out <dir>', out)
    .action((options: CaRotateOptions) => caRotateActivate(options, context));

  rotate
    .command('retire')
    .description('revoke the old one and remove its key')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--out <dir>', out)
    .action((options: CaRotateOptions) => caRotateRetire(options, context));

  rotate
    .command('abandon')
    .description('instead of activate: revoke what is prepared and remove its key')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--out <dir>', out)
    .action((options: CaRotateOptions) => caRotateAbandon(options, context));
}

function addRevocationCommands(ca: Command, context: CommandContext): void {
  ca.command('revoke')
    .description('record that a certificate is not to be trusted any more')
    .argument('<target>', 'serial number in hex, or a PEM file')
    .requiredOption('--dir <dir>', DIRECTORY)
    .addOption(new Option('--reason <reason>', 'why').choices(REASONS).default('unspecified'))
    .action((target: string, options: CaRevokeOptions) => caRevoke(target, options, context));

  ca.command('crl')
    .description('sign the list of what is revoked: root.crl and root.crl.pem')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--days <n>', 'until the next list at the latest', positiveInteger, CRL_DAYS)
    .option('--passphrase-file <file>', PASSPHRASE_FILE)
    .action((options: CaCrlOptions) => caCrl(options, context));

  const journal = ca
    .command('journal')
    .description('what this CA did, in order')
    .helpCommand(false);

  journal
    .command('list')
    .description('list it')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--json', 'print JSON')
    .action((options: CaJournalOptions) => caJournalList(options, context));

  journal
    .command('verify')
    .description('check that it is whole')
    .requiredOption('--dir <dir>', DIRECTORY)
    .option('--json', 'print JSON')
    .action((options: CaJournalOptions) => caJournalVerify(options, context));
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
