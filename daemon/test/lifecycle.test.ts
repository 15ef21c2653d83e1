// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { createLifecycle, waitFor, type Lifecycle } from '@proofgate/daemon';
import { memoryLog, type MemoryLog } from './memory-log.ts';

/** The part of `process` that a lifecycle uses, with signals that a test sends. */
class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

interface Fixture {
  readonly process: FakeProcess;
  readonly log: MemoryLog;
  readonly lifecycle: Lifecycle;
  readonly closed: string[];
}

function fixture(): Fixture {
  const process = new FakeProcess();
  const log = memoryLog();
  return { process, log, lifecycle: createLifecycle({ logger: log.logger, process }), closed: [] };
}

const never = (): Promise<void> => new Promise(() => undefined);

describe('a lifecycle', () => {
  test.each(['SIGTERM', 'SIGINT'])('ends on %s, last registered first released', async (signal) => {
    const { process, lifecycle, closed } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('first', () => void closed.push('first'));
      lifecycle.onShutdown('second', async () => {
        await Promise.resolve();
        closed.push('second');
      });
      lifecycle.onShutdown('third', () => void closed.push('third'));
    });
    process.emit(signal);
    await expect(running).resolves.toBe(0);
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(process.exits).toEqual([0]);
    expect(process.eventNames()).toEqual([]);
  });

  test('tells what is under way, and waits for one closer before the next', async () => {
    const { process, lifecycle, closed } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('outer', () => void closed.push('outer'));
      lifecycle.onShutdown('inner', async () => {
        closed.push(`inner begins, aborted: ${String(lifecycle.signal.aborted)}`);
        await new Promise((resolve) => setImmediate(resolve));
        closed.push('inner ends');
      });
    });
    expect(lifecycle.signal.aborted).toBe(false);
    process.emit('SIGTERM');
    await running;
    expect(closed).toEqual(['inner begins, aborted: true', 'inner ends', 'outer']);
  });

  test('goes on after a closer that hangs or fails, and exits with 1', async () => {
    const { process, lifecycle, closed, log } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('last', () => void closed.push('last'));
      lifecycle.onShutdown('broken', () => {
        throw new Error('cannot');
      });
      lifecycle.onShutdown('hanging', never, 5);
    });
    process.emit('SIGTERM');
    await expect(running).resolves.toBe(1);
    expect(closed).toEqual(['last']);
    const problems = log.lines().filter(({ level }) => level === 'error');
    expect(problems.map(({ closer, msg }) => [closer, msg])).toEqual([
      ['hanging', 'did not close in time'],
      ['broken', 'could not close'],
    ]);
  });

  test('aborts the signal of a closer whose time is over', async () => {
    const { process, lifecycle } = fixture();
    let deadline: AbortSignal | undefined;
    const running = lifecycle.run(() => {
      lifecycle.onShutdown(
        'hanging',
        (signal) => {
          deadline = signal;
          return never();
        },
        5,
      );
    });
    process.emit('SIGTERM');
    await running;
    expect(deadline?.aborted).toBe(true);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ])('exits at once on a second %s with %i', async (signal, exitCode) => {
    const { process, lifecycle } = fixture();
    let release: () => void = () => undefined;
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('slow', () => new Promise<void>((resolve) => void (release = resolve)));
    });
    process.emit('SIGTERM');
    process.emit(signal);
    expect(process.exits).toEqual([exitCode]);
    release();
    await running;
  });

  test('exits with 1 when the start fails, after releasing what was registered', async () => {
    const { process, lifecycle, closed, log } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('opened', () => void closed.push('opened'));
      throw new Error('no port');
    });
    await expect(running).resolves.toBe(1);
    expect(closed).toEqual(['opened']);
    expect(process.exits).toEqual([1]);
    expect(log.lines()[0]).toMatchObject({
      level: 'fatal',
      msg: 'start failed',
      err: { message: 'no port' },
    });
  });

  test('ends although the start hangs', async () => {
    const { process, lifecycle } = fixture();
    const running = lifecycle.run(never);
    process.emit('SIGTERM');
    await expect(running).resolves.toBe(0);
  });

  test('ends in order although the start gives up when told', async () => {
    const { process, lifecycle, log } = fixture();
    const running = lifecycle.run(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('given up'));
          });
        }),
    );
    process.emit('SIGINT');
    await expect(running).resolves.toBe(0);
    expect(log.lines().map(({ level }) => level)).not.toContain('fatal');
  });

  test.each(['uncaughtException', 'unhandledRejection'])(
    'logs an %s, releases and exits with 1',
    async (event) => {
      const { process, lifecycle, closed, log } = fixture();
      const running = lifecycle.run(() => {
        lifecycle.onShutdown('opened', () => void closed.push('opened'));
      });
      process.emit(event, new Error('a bug'));
      await expect(running).resolves.toBe(1);
      expect(closed).toEqual(['opened']);
      expect(log.lines()[0]).toMatchObject({ level: 'fatal', err: { message: 'a bug' } });
    },
  );

  test('exits at once on an uncaught error during the shutdown', async () => {
    const { process, lifecycle } = fixture();
    let release: () => void = () => undefined;
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('slow', () => new Promise<void>((resolve) => void (release = resolve)));
    });
    process.emit('SIGTERM');
    process.emit('uncaughtException', new Error('late'));
    expect(process.exits).toEqual([1]);
    release();
    await running;
  });

  test('can be ended by the program, once, with its own exit code', async () => {
    const { process, lifecycle, closed } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('once', () => void closed.push('once'));
    });
    await Promise.all([lifecycle.shutdown('done', 10), lifecycle.shutdown('again', 20)]);
    await expect(running).resolves.toBe(10);
    expect(process.exits).toEqual([10]);
    expect(closed).toEqual(['once']);
  });

  test('releases what is registered while it ends', async () => {
    const { process, lifecycle, closed } = fixture();
    const running = lifecycle.run(() => {
      lifecycle.onShutdown('early', () => {
        lifecycle.onShutdown('late', () => void closed.push('late'));
      });
    });
    process.emit('SIGTERM');
    await running;
    expect(closed).toEqual(['late']);
  });

  test('cannot be run twice', async () => {
    const { process, lifecycle } = fixture();
    const running = lifecycle.run(() => undefined);
    await expect(lifecycle.run(() => undefined)).rejects.toMatchObject({
      code: 'ERR_DAEMON_LIFECYCLE',
      family: 'misuse',
    });
    process.emit('SIGTERM');
    await running;
  });

  test('listens to the signals it is told', async () => {
    const process = new FakeProcess();
    const lifecycle = createLifecycle({ logger: memoryLog().logger, process, signals: ['SIGHUP'] });
    const running = lifecycle.run(() => undefined);
    await waitFor(() => process.listenerCount('SIGHUP') === 1, { timeoutMs: 1_000 });
    expect(process.listenerCount('SIGTERM')).toBe(0);
    process.emit('SIGHUP');
    await expect(running).resolves.toBe(0);
  });
});
