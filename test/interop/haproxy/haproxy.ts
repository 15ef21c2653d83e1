// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { waitFor } from '@proofgate/daemon';
import { canConnect } from '../../system/support/can-connect.ts';

/** A haproxy of this machine. */
export interface Haproxy {
  close(): Promise<void>;
}

const START = { timeoutMs: 10_000, what: 'haproxy to listen' };

/**
 * Starts one.
 *
 * @param sections of its configuration, after `global` and `defaults`
 */
export async function startHaproxy(sections: string): Promise<Haproxy> {
  const directory = await mkdtemp(join(tmpdir(), 'proofgate-haproxy-'));
  const file = join(directory, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  nbthread 1
defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${sections}
`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints = text(child.stderr);
  await once(child, 'spawn');
  let over = false;
  child.once('exit', () => (over = true));
  const ports = [...sections.matchAll(/bind 127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  try {
    await waitFor(async () => {
      if (over) throw new Error(await complaints);
      return (await Promise.all(ports.map(canConnect))).every(Boolean);
    }, START);
  } catch (cause) {
    child.kill('SIGKILL');
    throw new Error('haproxy did not start', { cause });
  }
  return {
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
