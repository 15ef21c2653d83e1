// SPDX-License-Identifier: Apache-2.0
import {
  loadAnswerSchema,
  loadFileSchema,
  type LoadAnswer,
  type LoadEntry,
  type LoadReport,
} from '@proofgate/api';
import { readConfigFile } from '@proofgate/daemon';

import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { unusable } from '../input/input-file.ts';
import { awaitLoads, type LoadOutcome } from '../management/await-loads.ts';
import type { ManagementClient } from '../management/management-client.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { jsonText, printable } from '../output/printable.ts';
import { progressLines } from '../output/progress-lines.ts';
import { paint } from '../output/terminal.ts';

/** Options of `proofgate load`. */
export interface LoadOptions extends ManagementArguments {
  /** Config file of the workloads, `-` for standard input. */
  readonly file: string;
  /** False to return as soon as the loads are accepted. */
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Loads the workloads of a file, and waits until they are up. */
export async function load(options: LoadOptions, context: CommandContext): Promise<void> {
  const entries = await readEntries(options.file);
  const client = await openManagement(options, context);
  try {
    const loads: LoadAnswer[] = [];
    for (const { request } of entries) {
      const path = '/api/v1/containers';
      loads.push(await client.ask({ method: 'POST', path, json: request }, loadAnswerSchema));
    }
    if (options.wait) await report(client, entries, loads, options, context);
    else printAccepted(loads, options, context);
  } finally {
    client.close();
  }
}

async function readEntries(file: string): Promise<readonly LoadEntry[]> {
  try {
    return await readConfigFile(file === '-' ? '/dev/stdin' : file, loadFileSchema);
  } catch (cause) {
    throw unusable(cause);
  }
}

function printAccepted(
  loads: readonly LoadAnswer[],
  { json }: LoadOptions,
  { terminal }: CommandContext,
): void {
  const result: LoadReport = { loads };
  if (json === true) terminal.out(jsonText(result));
  else for (const { name, image } of loads) terminal.out(printable(`loading ${name}  ${image}`));
}

async function report(
  client: ManagementClient,
  entries: readonly LoadEntry[],
  loads: readonly LoadAnswer[],
  { json, timeout }: LoadOptions,
  context: CommandContext,
): Promise<void> {
  const awaited = loads.map(({ name, spec_digest: specDigest }, index) => ({
    name,
    specDigest,
    checked: entries[index]?.config.health_check !== undefined,
  }));
  const progress = progressLines(context, json);
  const { outcomes, all } = await awaitLoads(client, awaited, progress, timeout);
  const { terminal } = context;
  const names = new Set(loads.map(({ name }) => name));
  const result: LoadReport = { loads, containers: all.filter(({ name }) => names.has(name)) };
  if (json === true) terminal.out(jsonText(result));
  else for (const outcome of outcomes) terminal.out(outcomeText(outcome, context));
  if (outcomes.some(({ kind }) => kind === 'failed')) context.setExitCode(EXIT.internal);
  else if (outcomes.some(({ kind }) => kind === 'pending')) context.setExitCode(EXIT.unavailable);
}

function outcomeText(outcome: LoadOutcome, { terminal }: CommandContext): string {
  const name = printable(outcome.name);
  switch (outcome.kind) {
    case 'up':
      return paint(terminal, 'green', `LOADED  ${name}`);
    case 'pending':
      return paint(terminal, 'yellow', `NOT YET UP  ${name}`);
    case 'failed':
      return paint(terminal, 'red', `FAILED  ${name}  ${printable(outcome.reason)}`);
  }
}
