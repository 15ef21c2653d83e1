// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentedSetting, startDocumentedSetting } from './support/documented-setting.ts';
import { type ExampleModules, writeExamples } from './support/example-modules.ts';
import { allPages, blocksIn } from './support/markdown-page.ts';
import { runModule } from './support/run-module.ts';

/** What an example prints, and what it asks of the host once that is verified. */
interface Expectation {
  readonly prints: string | RegExp;
  readonly asks?: string;
}

const EXPECTED: Readonly<Record<string, Expectation>> = {
  'readme-1.ts': { prints: /name: 'app'[\s\S]*hello$/, asks: 'GET /' },
  'shadow.ts': { prints: 'unnamed false ERR_POLICY_MEASUREMENT\n' },
  'requirements.ts': { prints: '' },
  'https-agent.ts': { prints: '200 certificate\n', asks: 'GET /' },
  'fetch.ts': { prints: '200 certificate hello\n', asks: 'GET /' },
  'undici.ts': { prints: '200 certificate hello\n', asks: 'GET /' },
  'http2.ts': { prints: 'certificate hello\n', asks: 'GET /' },
  'web-socket.ts': { prints: 'certificate hello\n', asks: 'upgrade /events' },
  'grpc.ts': { prints: 'certificate hello\n', asks: 'POST /example.Echo/Echo' },
  'verified-connect.ts': { prints: 'certificate tdx 1\n' },
  'session.ts': { prints: 'session\n' },
  'refusals.ts': {
    prints: 'policy-refused ERR_POLICY_MEASUREMENT other nearest is other, differing in mrtd\n',
  },
  'steps.ts': { prints: 'true certificate\n' },
  'quote.ts': { prints: 'tdx none 96\n' },
  'snp-report.ts': { prints: 'sev-snp none false\n' },
  'browser.ts': { prints: 'tdx none 1\n' },
  'ita-token.ts': { prints: 'UpToDate false\n' },
  'cached.ts': { prints: 'first certificate\nsecond certificate\n' },
};
const ASKING = Object.keys(EXPECTED).filter((name) => EXPECTED[name]?.asks !== undefined);

const BLOCKS = blocksIn(allPages(), 'ts');

let setting: DocumentedSetting;
let asWritten: ExampleModules;
let asRun: ExampleModules;
let compiled: ReadonlyMap<string, string>;

beforeAll(async () => {
  setting = await startDocumentedSetting();
  asWritten = writeExamples(BLOCKS);
  asRun = writeExamples(BLOCKS, (text) => setting.rewrite(text));
  compiled = await asRun.compile();
});

afterAll(async () => {
  asWritten.remove();
  asRun.remove();
  await setting.close();
});

/** Runs an example and tells what the host was asked meanwhile. */
async function run(name: string, folder: string) {
  setting.host.requests.length = 0;
  const outcome = await runModule(compiled.get(name) ?? name, folder);
  return { ...outcome, asked: [...setting.host.requests] };
}

describe('the TypeScript of the pages', () => {
  it('is expected to do something, block by block', () => {
    expect(asWritten.modules.map(({ name }) => name)).toEqual(Object.keys(EXPECTED));
  });

  it('compiles under the rules for tests', () => {
    expect(asWritten.typeErrors()).toEqual([]);
  });

  it('would not compile with a mistake in it', () => {
    const text = "import { parsePolicy } from '@proofgate/verifier';\nparsePolicy({}).rules;\n";
    const broken = writeExamples([{ page: 'broken.md', line: 1, language: 'ts', text }]);
    try {
      expect(broken.typeErrors()).toEqual([expect.stringContaining("'rules' does not exist")]);
    } finally {
      broken.remove();
    }
  });

  it.each(Object.entries(EXPECTED))('%s does what its page says', async (name, expected) => {
    const { exitCode, stdout, stderr, asked } = await run(name, setting.files);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    if (typeof expected.prints === 'string') expect(stdout).toBe(expected.prints);
    else expect(stdout).toMatch(expected.prints);
    expect(asked).toEqual(expected.asks === undefined ? [] : [expected.asks]);
  });

  it.each(ASKING)('%s asks nothing of a host that is refused', async (name) => {
    const { stdout, stderr, asked } = await run(name, setting.refusingFiles);
    expect(stdout).toBe('');
    expect(stderr).toContain('ERR_POLICY_MEASUREMENT');
    expect(asked).toEqual([]);
  });
});
