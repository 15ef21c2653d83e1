// SPDX-License-Identifier: Apache-2.0
import {
  attributeFile,
  configfsReports,
  readFirmwareEventLog,
  tdxQuoteProvider,
  type ConfigfsReports,
} from '@proofgate/attester';
import { asReportData, parseQuote, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'attester-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a kernel file', () => {
  it('is read to its end although the reads are short', async () => {
    const path = join(directory, 'fifo');
    await promisify(execFile)('mkfifo', [path]);
    const content = attributeFile(path).read(64);
    const writer = await open(path, 'w');
    for (const part of ['one ', 'two ', 'three']) {
      await writer.write(part);
      // The next read must find the pipe empty, or it would not be short.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.close();
    expect(Buffer.from(await content).toString()).toBe('one two three');
  });

  it('is read up to its limit and no further', async () => {
    const path = join(directory, 'file');
    await writeFile(path, 'x'.repeat(10));
    await expect(attributeFile(path).read(10)).resolves.toHaveLength(10);
    await expect(attributeFile(path).read(9)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_ATTRIBUTE_TOO_LARGE',
    });
  });

  it('is written at once from its beginning, and neither created nor truncated', async () => {
    const path = join(directory, 'file');
    await expect(attributeFile(path).write(Uint8Array.of(1))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    await writeFile(path, 'abcdef');
    await attributeFile(path).write(Buffer.from('XY'));
    expect(await readFile(path, 'utf8')).toBe('XYcdef');
  });
});

describe('the real file operations', () => {
  it('make a quote in a directory of files that a driver fills', async () => {
    const platform = createSimulatedPlatform();
    const reportData = asReportData(new Uint8Array(64).fill(5));
    const reports = drivenBy((inblob) => platform.quote(inblob), configfsReports(directory));
    const quote = await tdxQuoteProvider({ reports }).quote(reportData);
    expect(toHex(parseQuote(quote).body.reportData)).toBe(toHex(reportData));
    expect(await readdir(directory)).toEqual([]);
  });

  it('find no TEE where configfs is not mounted', async () => {
    const quotes = tdxQuoteProvider({ reportDir: join(directory, 'absent') });
    await expect(quotes.quote(asReportData(new Uint8Array(64)))).rejects.toMatchObject({
      code: 'ERR_ATTESTER_NO_TEE',
      hint: expect.stringContaining('tee: simulated') as string,
    });
  });

  /** Plays the kernel's part with regular files; everything else is the code under test. */
  function drivenBy(
    make: (inblob: Uint8Array) => Promise<Uint8Array>,
    real: ConfigfsReports,
  ): ConfigfsReports {
    return {
      async create(name) {
        const report = await real.create(name);
        const path = join(directory, name);
        const files = { provider: 'tdx_guest\n', generation: '0\n', inblob: '', outblob: '' };
        for (const [file, content] of Object.entries(files)) {
          await writeFile(join(path, file), content);
        }
        return {
          read: (attribute, maxBytes) => report.read(attribute, maxBytes),
          async write(attribute, value) {
            await report.write(attribute, value);
            await writeFile(join(path, 'generation'), '1\n');
            await writeFile(
              join(path, 'outblob'),
              await make(await readFile(join(path, 'inblob'))),
            );
          },
          async remove() {
            for (const file of Object.keys(files)) await unlink(join(path, file));
            await report.remove();
          },
        };
      },
    };
  }
});

describe('the firmware event log', () => {
  it('is read if there is one', async () => {
    const path = join(directory, 'CCEL');
    await expect(readFirmwareEventLog(path)).resolves.toBeUndefined();
    await writeFile(path, 'log');
    expect(Buffer.from((await readFirmwareEventLog(path))!).toString()).toBe('log');
  });

  it('is refused when it cannot be read or is too large', async () => {
    await expect(readFirmwareEventLog(directory)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_EVENT_LOG',
    });
    const path = join(directory, 'CCEL');
    await writeFile(path, Buffer.alloc(4 * 1024 * 1024 + 1));
    await expect(readFirmwareEventLog(path)).rejects.toMatchObject({
      code: 'ERR_ATTESTER_EVENT_LOG',
    });
  });
});
