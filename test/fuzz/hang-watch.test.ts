// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const MODULE = new URL('hang-watch.mjs', import.meta.url).href;
const LIMIT_MS = 500;

/** Runs a program that has a `HangWatch` in a process of its own. */
async function run(program: string): Promise<{ status: number | null; errors: string }> {
  const source = `
    import { HangWatch } from ${JSON.stringify(MODULE)};
    const watch = new HangWatch('a parser', ${String(LIMIT_MS)});
    ${program}
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 40_000,
  });
  const [errors, [status]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { status, errors };
}

it('ends a process in which one input takes for ever, and says which', async () => {
  const { status, errors } = await run(`
    watch.begin(Uint8Array.of(1, 2, 3));
    watch.begin(Buffer.from('hang'));
    for (;;);
  `);
  expect(status).toBeNull();
  expect(errors).toContain('a parser hangs: input 2 has taken more than 500 ms');
  expect(errors).toContain(`4 bytes, base64 ${Buffer.from('hang').toString('base64')}`);
});

it('lets many inputs and long pauses pass', async () => {
  const { status, errors } = await run(`
    const until = Date.now() + 3 * ${String(LIMIT_MS)};
    while (Date.now() < until) watch.begin(Uint8Array.of(1));
    await watch.end();
    setTimeout(() => {}, 2 * ${String(LIMIT_MS)});
  `);
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
});

it('does not keep a process alive', async () => {
  expect(await run('watch.begin(Uint8Array.of(1));')).toEqual({ status: 0, errors: '' });
});
