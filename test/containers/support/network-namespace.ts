// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { AgentOrder, NumberedAnswer, NumberedOrder } from './network-agent.ts';

/** A network namespace with a program in it that does as it is told. */
export interface NetworkNamespace {
  /** A process whose network namespace it is. */
  readonly pid: number;
  readonly path: string;
  /** Answers TCP and UDP on a port. */
  serve(host: string, port: number): Promise<void>;
  /** `open`, `no answer`, or the system's code. */
  reach(
    protocol: 'tcp' | 'udp',
    host: string,
    port: number,
    options?: { readonly from?: string },
  ): Promise<string>;
  /** Addresses that its servers were called from, so far. */
  callers(): Promise<readonly string[]>;
  /** Runs `ip` in it. */
  ip(...args: readonly string[]): void;
  close(): Promise<void>;
}

/** On one machine an answer takes less than a millisecond; this is what a blocked packet costs. */
const WITHIN_MS = 400;

/** Makes namespaces, each with an agent, from one bundle of the agent's source. */
export async function namespaceMaker(): Promise<{
  make(): Promise<NetworkNamespace>;
  close(): Promise<void>;
}> {
  const dir = await mkdtemp(join(tmpdir(), 'network-'));
  const program = join(dir, 'agent.mjs');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('network-agent.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  await writeFile(program, outputFiles[0]!.text);
  return {
    make: () => startAgent(program),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

async function startAgent(program: string): Promise<NetworkNamespace> {
  const child = spawn('unshare', ['--net', process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<number, (value: unknown) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    // From the agent, which is part of this test.
    const { id, value } = JSON.parse(line) as NumberedAnswer;
    waiting.get(id)?.(value);
    waiting.delete(id);
  });
  let last = 0;
  const answerTo = (id: number): Promise<unknown> =>
    new Promise((resolve) => waiting.set(id, resolve));
  const ask = (order: AgentOrder): Promise<unknown> => {
    const numbered: NumberedOrder = { id: (last += 1), order };
    child.stdin.write(`${JSON.stringify(numbered)}\n`);
    return answerTo(numbered.id);
  };
  await answerTo(0);
  const pid = child.pid!;
  const path = `/proc/${String(pid)}/ns/net`;
  return {
    pid,
    path,
    serve: async (host, port) => void (await ask({ do: 'serve', host, port })),
    reach: async (protocol, host, port, options) =>
      String(await ask({ do: 'reach', protocol, host, port, withinMs: WITHIN_MS, ...options })),
    callers: async () => (await ask({ do: 'callers' })) as readonly string[],
    ip: (...args) => {
      execFileSync('nsenter', [`--net=${path}`, 'ip', ...args]);
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
