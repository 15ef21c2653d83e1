// SPDX-License-Identifier: Apache-2.0
import type { CommandContext } from '../context.ts';
import { checkCa } from '../doctor/check-ca.ts';
import { checkClock } from '../doctor/check-clock.ts';
import { checkCollateral, NOT_ASKED } from '../doctor/check-collateral.ts';
import { checkNode } from '../doctor/check-node.ts';
import { checkPlatform } from '../doctor/check-platform.ts';
import type { DoctorCheck } from '../doctor/check.ts';
import { FINDINGS } from '../exit-codes.ts';
import { readConfig } from '../input/config-argument.ts';
import { progressOn } from '../input/progress.ts';
import { jsonText, printable } from '../output/printable.ts';
import { paint, type Terminal } from '../output/terminal.ts';

/** Options of `proofgate doctor`. */
export interface DoctorOptions {
  readonly config?: string;
  readonly collateral?: string;
  readonly fmspc: string;
  readonly json?: boolean;
}

const MARKS = {
  healthy: ['ok', 'green'],
  skipped: ['-', 'dim'],
  warning: ['WARNING', 'yellow'],
  finding: ['FINDING', 'red'],
} as const;
const MARK_WIDTH = 9;
const NAME_WIDTH = 12;

/** Looks at this host as a client, and with a config file as a VM that attests. Changes nothing. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const checks = await examine(options, context);
  const healthy = checks.every(({ result }) => result !== 'finding');
  const { terminal } = context;
  if (options.json === true) terminal.out(jsonText({ healthy, checks }));
  else for (const check of checks) printCheck(check, terminal);
  if (!healthy) context.setExitCode(FINDINGS);
}

async function examine(
  { config: file, collateral: url, fmspc, json }: DoctorOptions,
  { terminal, now }: CommandContext,
): Promise<DoctorCheck[]> {
  const config = file === undefined ? undefined : await readConfig(file);
  const at = now();
  const progress = progressOn(terminal, json);
  if (url !== undefined) progress(`asking ${url}`);
  const answer = url === undefined ? undefined : await checkCollateral({ url, fmspc, at, fetch });
  const { tee, run_dir: runDir } = config?.platform ?? { tee: 'auto', run_dir: '' };
  return [
    checkNode(process.versions.node, at),
    checkClock(at, answer?.serviceTime),
    ...(await checkPlatform({ options: { tee, runDir }, required: config !== undefined })),
    ...(config === undefined ? [] : [await checkCa(config.platform, at)]),
    answer?.check ?? NOT_ASKED,
  ];
}

function printCheck(check: DoctorCheck, terminal: Terminal): void {
  const [mark, style] = MARKS[check.result];
  const head = `${mark.padEnd(MARK_WIDTH)}${check.name.padEnd(NAME_WIDTH)}`;
  terminal.out(`${paint(terminal, style, head)}${printable(check.text)}`);
  if (!('code' in check)) return;
  const indent = ' '.repeat(MARK_WIDTH + NAME_WIDTH);
  terminal.out(`${indent}${check.code}`);
  terminal.out(`${indent}${printable(check.action)}`);
}
