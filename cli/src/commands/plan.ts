// SPDX-License-Identifier: Apache-2.0
import {
  DEFAULT_MEMORY_MB,
  DEFAULT_VCPUS,
  type ContainerConfig,
  type ContainerIsolation,
} from '@proofgate/api';
import {
  describeOptOuts,
  planMeasurements,
  type MeasurementPlan,
  type PlannedHost,
  type PlannedWorkload,
} from '@proofgate/launcher';

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
  const config = await readConfig(options.config);
  const measured = await planMeasurements(config);
  const { exec } = config.platform.containers;
  if (options.json === true) {
    terminal.out(jsonText(planData(measured, exec)));
    return;
  }
  const heading = (text: string): string => paint(terminal, 'bold', text);
  const sections = [
    `${heading('platform')}\n${table(platformRows(measured), '  ')}`,
    ...measured.workloads.map(
      (workload) =>
        `${heading(workload.measured.config.name)}  workload\n${table(workloadRows(workload, exec), '  ')}`,
    ),
    ...measured.hosts.map(
      (host) => `${heading(host.hostname)}  ${host.kind}\n${table(hostRows(host), '  ')}`,
    ),
    `${heading('RTMR3')}\n${table(eventRows(measured), '  ')}`,
  ];
  terminal.out(sections.join('\n\n'));
}

/** The plan as the object that `--json` prints: bytes as hex, the order of hosts and events kept. */
function planData(
  { platform, workloads, hosts, events, rtmr3 }: MeasurementPlan,
  execAllowed: boolean,
): unknown {
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
      ...confinement(measured.config, execAllowed),
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

/** What a container may have and do; a process shares the VM and is only bounded by its user. */
function confinement(config: ContainerConfig, execAllowed: boolean): object {
  if (config.isolation === undefined) return {};
  const { pids, nofile, tmp_size: tmpBytes } = config.isolation;
  return {
    limits: {
      memoryMb: unlessUnlimited(config.resource_memory_mb ?? DEFAULT_MEMORY_MB),
      vcpus: unlessUnlimited(config.resource_vcpus ?? DEFAULT_VCPUS),
      pids,
      nofile,
      tmpBytes,
    },
    optOuts: describeOptOuts(config, execAllowed),
  };
}

function unlessUnlimited(value: number): number | null {
  return value === 0 ? null : value;
}

function workloadRows({ measured, root }: PlannedWorkload, execAllowed: boolean): string[][] {
  const { config, imageRef, specDigest } = measured;
  return [
    ['image', printable(imageRef)],
    ['configuration root', root],
    ['specification', specDigest],
    ...(config.isolation === undefined
      ? [['confinement', 'a process of the VM: nothing but its user keeps it from the rest']]
      : [['limits', limitsText(config, config.isolation)], ...optOutRows(config, execAllowed)]),
  ];
}

function limitsText(config: ContainerConfig, isolation: ContainerIsolation): string {
  const memory = config.resource_memory_mb ?? DEFAULT_MEMORY_MB;
  const vcpus = config.resource_vcpus ?? DEFAULT_VCPUS;
  return [
    memory === 0 ? 'all memory' : `${String(memory)} MiB memory`,
    vcpus === 0 ? 'all CPUs' : `${String(vcpus)} CPU`,
    `${String(isolation.pids)} processes`,
    `${String(isolation.nofile)} open files`,
  ].join(', ');
}

function optOutRows(config: ContainerConfig, execAllowed: boolean): string[][] {
  const phrases = describeOptOuts(config, execAllowed);
  if (phrases.length === 0) return [['confinement', 'the strictest']];
  return phrases.map((phrase, index) => [index === 0 ? 'less confined' : '', printable(phrase)]);
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
