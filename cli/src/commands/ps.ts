// SPDX-License-Identifier: Apache-2.0
import { statusAnswerSchema, type ContainerState, type ContainerStatus } from '@proofgate/api';

import type { CommandContext } from '../context.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { statusText } from '../management/status-text.ts';
import { jsonText, printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { paint, type Style, type Terminal } from '../output/terminal.ts';

const HEADING = ['NAME', 'STATUS', 'ENGINE', 'RESTARTS', 'PORT', 'HOST', 'IMAGE'];

const COLOURS: Partial<Record<ContainerState, Style>> = {
  running: 'green',
  healthy: 'green',
  unhealthy: 'yellow',
  failed: 'red',
};

/** Hexadecimal digits of a digest that tell images apart in a table. */
const SHORT_DIGEST = 12;

/** Shows every workload of a VM and how it is. */
export async function ps(options: ManagementArguments, context: CommandContext): Promise<void> {
  const client = await openManagement(options, context);
  try {
    const all = await client.ask({ method: 'GET', path: '/api/v1/status' }, statusAnswerSchema);
    const { terminal } = context;
    if (options.json === true) terminal.out(jsonText(all));
    else terminal.out(psText(all, terminal));
  } finally {
    client.close();
  }
}

function psText(all: readonly ContainerStatus[], terminal: Terminal): string {
  if (all.length === 0) return 'no workloads';
  const [heading = '', ...lines] = table([HEADING, ...all.map(psRow)]).split('\n');
  const rows = all.map((status, index) => {
    const colour = COLOURS[status.status];
    const line = lines[index] ?? '';
    return colour === undefined ? line : paint(terminal, colour, line);
  });
  const notes = [...all.flatMap(complaints), ...engineNotes(all)].map(printable);
  return [paint(terminal, 'bold', heading), ...rows, ...notes].join('\n');
}

function psRow(status: ContainerStatus): readonly string[] {
  const { name, engine, restarts, port, hostname, image } = status;
  const waiting = status.awaiting_config === true ? ', not configured' : '';
  return [
    name,
    `${statusText(status)}${waiting}`,
    engine?.name ?? '-',
    String(restarts),
    port === undefined ? '-' : String(port),
    hostname ?? '-',
    shortImage(image),
  ].map(printable);
}

function shortImage(image: string): string {
  return image.replace(
    /@sha256:([0-9a-f]+)$/u,
    (_pin, hex: string) => `@${hex.slice(0, SHORT_DIGEST)}`,
  );
}

/** What went wrong with a workload, a line each. */
function complaints({
  name,
  error,
  last_exit: exit,
  replacement,
}: ContainerStatus): readonly string[] {
  const reason = error ?? (exit === undefined ? undefined : `last time it ${exit.message}`);
  return [
    ...(reason === undefined ? [] : [`${name}: ${reason}`]),
    ...(replacement?.error === undefined ? [] : [`${name}, next version: ${replacement.error}`]),
  ];
}

/** What the engines in use cannot do. */
function engineNotes(all: readonly ContainerStatus[]): readonly string[] {
  const notes = all.flatMap(({ engine }) => {
    if (engine === undefined || engine.name === 'process') return [];
    const lacks = [
      ...(engine.oom_reports ? [] : ['does not report when memory ran out']),
      ...(engine.user_namespaces ? [] : ['has no user namespaces']),
      ...(engine.checked_before_start ? [] : ['is checked only once a container runs']),
    ];
    return lacks.length === 0 ? [] : [`${engine.name} ${lacks.join(', ')}`];
  });
  return [...new Set(notes)];
}
