// SPDX-License-Identifier: Apache-2.0
import { volumesAnswerSchema, type VolumeStatus } from '@proofgate/api';

import type { CommandContext } from '../context.ts';
import { openManagement, type ManagementArguments } from '../management/open-management.ts';
import { byteText } from '../output/byte-text.ts';
import { jsonText, printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { paint } from '../output/terminal.ts';

const HEADING = ['NAME', 'SIZE', 'USED', 'FREE', 'ENCRYPTION', 'KEY', 'USED BY'];

/** Shows every volume of a VM, how it is encrypted, and which workloads have it. */
export async function volumes(
  options: ManagementArguments,
  context: CommandContext,
): Promise<void> {
  const client = await openManagement(options, context);
  try {
    const request = { method: 'GET', path: '/api/v1/volumes' } as const;
    const answer = await client.ask(request, volumesAnswerSchema);
    const { terminal } = context;
    if (options.json === true) {
      terminal.out(jsonText(answer));
      return;
    }
    if (answer.volumes.length === 0) {
      terminal.out('no volumes');
      return;
    }
    const [heading = '', ...rows] = table([HEADING, ...answer.volumes.map(row)]).split('\n');
    terminal.out([paint(terminal, 'bold', heading), ...rows].join('\n'));
  } finally {
    client.close();
  }
}

function row(volume: VolumeStatus): readonly string[] {
  const { name, size_mb: size, used_mb: used, avail_mb: free, kind, used_by: users = [] } = volume;
  return [
    name,
    sizeText(size),
    sizeText(used),
    sizeText(free),
    kind === 'directory' ? 'none' : (kind ?? '-'),
    volume.key_origin ?? '-',
    users.length === 0 ? '-' : users.join(', '),
  ].map(printable);
}

function sizeText(megabytes: number | undefined): string {
  return megabytes === undefined ? '-' : byteText(megabytes * 2 ** 20);
}
