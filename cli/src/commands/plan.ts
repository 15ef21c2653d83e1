// SPDX-License-Identifier: Apache-2.0
import { planMeasurements, type MeasurementPlan, type PlannedHost } from '@proofgate/launcher';

import type { CommandContext } from '../context.ts';
import { readConfig } from '../input/config-argument.ts';
import { jsonText, printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { paint } from '../output/terminal.ts';

/** Options of `proofgate plan`. */
export interface PlanOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** Prints everything measurable that a config file will produce, before anything runs. */
export async function plan(options: PlanOptions, { terminal }: CommandContext): Promise<void> {
  const measured = await planMeasurements(await readConfig(options.config));
  if (options.json === true) {
    terminal.out(jsonText(planData(measured)));
    return;
  }
  const heading = (text: string): string => paint(terminal, 'bold', text);
  const sections = [
    `${heading('platform')}\n${table(platformRows(measured), '  ')}`,
    ...measured.hosts.map(
      (host) => `${heading(host.hostname)}  ${host.kind}\n${table(hostRows(host), '  ')}`,
    ),
    `${heading('RTMR3')}\n${table(eventRows(measured), '  ')}`,
  ];
  terminal.out(sections.join('\n\n'));
}

/** The plan as the object that `--json` prints: bytes as hex, the order of hosts and events kept. */
function planData({ platform, workloads, hosts, events, rtmr3 }: MeasurementPlan): unknown {
  return {
    platform: {
      root: platform.root,
      runtimeVersion: platform.runtimeVersion,
      ...(platform.imageProfile === undefined ? {} : { imageProfile: platform.imageProfile }),
    },
    workloads: workloads.map(({ measured, root }) => ({
      name: measured.config.name,
      imageRef: measured.imageRef,
      imageDigest: measured.imageDigest,
      specDigest: measured.specDigest,
      configRoot: root,
    })),
    hosts: hosts.map(({ kind, hostname, extensions }) => ({
      hostname,
      kind,
      extensions: extensions.map(({ oid, name, text }) => ({ oid, name, value: text })),
    })),
    events,
    rtmr3,
  };
}

function platformRows({ platform }: MeasurementPlan): string[][] {
  return [
    ['configuration root', platform.root],
    ['runtime', platform.runtimeVersion],
    ['image profile', printable(platform.imageProfile ?? 'no marker file')],
  ];
}

function hostRows({ extensions }: PlannedHost): string[][] {
  return extensions.map(({ oid, name, text }) => [oid, name, printable(text)]);
}

function eventRows({ events, rtmr3 }: MeasurementPlan): string[][] {
  const rows = events.map((event, index) => [
    `event ${String(index + 1)}`,
    'name' in event ? `${event.type} ${event.name}` : event.type,
  ]);
  return [...rows, ['register', rtmr3]];
}
