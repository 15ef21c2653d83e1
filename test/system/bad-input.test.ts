// SPDX-License-Identifier: Apache-2.0
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { decodeOid, encodeOid, OID } from '@proofgate/evidence';
import { selfSigned } from './support/certificates.ts';
import { freePort } from './support/free-port.ts';
import { fetchFrom } from './support/https-request.ts';
import { makePki } from './support/pki.ts';
import { policyOf } from './support/policy.ts';
import { proofgate, type Outcome } from './support/proofgate.ts';
import {
  describeWithRealEvidence,
  readRealEvidence,
  realEvidence,
} from './support/real-evidence.ts';
import { makeStackDirectory } from './support/stack-directory.ts';
import { testWithStack } from './support/stack-test.ts';
import { Stack } from './support/stack.ts';

const it = testWithStack();

const CLEAN_UP_MS = 60_000;

/** `up --check` of a config file with this text. */
async function check({ files }: Stack, text: string): Promise<Outcome & { file: string }> {
  const file = join(files.path, 'bad.yaml');
  await writeFile(file, text);
  return { ...(await proofgate('up', '-c', file, '--check')), file };
}

const VALID = `version: "1"
platform:
  machine_name: prod1
  hostname: example.com
  ca_cert: /data/ca.crt
  ca_key: /data/ca.key
containers:
  - name: web
    runtime: process
    command: [/usr/bin/node, /opt/web.js]
    port: 8001
`;

describe('a config file', () => {
  it('is accepted when it is right', async ({ stack }) => {
    expect(await check(stack, VALID)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  it.for<[string, string, string, string, RegExp]>([
    [
      'that is not YAML',
      'hostname: example.com',
      'hostname: [example.com',
      '5:3:',
      /end with a \]/,
    ],
    ['with an unknown key', 'machine_name', 'machinename', '3:3:', /did you mean "machine_name"/],
    ['with a duplicate key', '  ca_cert', '  hostname: x.org\n  ca_cert', '5:3:', /hostname/],
    ['with a port that is none', 'port: 8001', 'port: 80010', '11:11:', /containers\[0\]\.port/],
    ['without a CA', '  ca_cert: /data/ca.crt\n', '', '2:1:', /ca_cert/],
  ])('%s is refused with its position', async ([, good, bad, position, message], { stack }) => {
    expect(VALID).toContain(good);
    const { exitCode, stdout, stderr, file } = await check(stack, VALID.replace(good, bad));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toContain(`${file}:${position}`);
    expect(stderr).toContain('ERR_DAEMON_CONFIG_INVALID');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('with an image that is not pinned is refused, naming the container', async ({ stack }) => {
    const text = (await readFile(stack.files.configFile, 'utf8'))
      .replace('"runtime": "process"', '"image": "registry.example.com/web:latest"')
      .replace(/"command": \[[^\]]*\],/, '');
    expect(text).toContain('web:latest');
    const file = join(stack.files.path, 'container.yaml');
    await writeFile(file, text);
    const { exitCode, stderr } = await proofgate('plan', '-c', file);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('containers[0].image');
    expect(stderr).toContain('not pinned by digest');
  });
});

describe('evidence', () => {
  it('in two quote extensions of one certificate is refused', async ({ stack }) => {
    const verify = async (pem: string): Promise<unknown> => {
      const file = join(stack.files.path, 'two-quotes.pem');
      await writeFile(file, pem);
      // What is no quote is refused before its collateral is looked for.
      const args = ['--collateral', 'http://127.0.0.1:1', '--json'];
      const { exitCode, stdout } = await proofgate('verify', file, ...args);
      expect(exitCode).toBe(10);
      return (JSON.parse(stdout) as { code: unknown }).code;
    };
    const value = Buffer.from('no quote');
    const tdx = { oid: OID.tdxQuote, value };
    expect(await verify(selfSigned([tdx]))).toBe('ERR_QUOTE_VERSION');
    const both = selfSigned([tdx, { oid: OID.snpReport, value }]);
    expect(await verify(both)).toBe('ERR_ATTESTATION_MULTIPLE_EVIDENCE');
    // The writer refuses the same twice, so the second one is given its name afterwards.
    const other = encodeOid('1.2.840.113741.1.5.5.1.7');
    const twice = selfSigned([tdx, { oid: decodeOid(other), value }], (tbs) => {
      const copy = Buffer.from(tbs);
      copy.set(encodeOid(OID.tdxQuote), copy.indexOf(other));
      return copy;
    });
    expect(await verify(twice)).toBe('ERR_CERT_DUPLICATE_EXTENSION');
  });
});

describeWithRealEvidence('a real quote', () => {
  it('that is cut off is refused', async ({ stack }) => {
    const file = join(stack.files.path, 'truncated.bin');
    await writeFile(file, readRealEvidence('tdx/v4-phala-b0c06f.bin').subarray(0, 1_000));
    const bundle = realEvidence('collateral/tdx-b0c06f000000-202506.json');
    const verified = await proofgate('verify', file, '--collateral', bundle, '--json');
    expect(verified).toMatchObject({ exitCode: 10, stderr: '' });
    expect(JSON.parse(verified.stdout)).toMatchObject({ code: 'ERR_QUOTE_TRUNCATED' });
    const inspected = await proofgate('inspect', file);
    expect(inspected).toMatchObject({ exitCode: 2, stdout: '' });
    expect(inspected.stderr).toContain('ERR_QUOTE_TRUNCATED');
  });
});

describe('proofgate up', () => {
  it('refuses the CA key of another certificate', async ({ stack, onTestFinished }) => {
    const files = await makeStackDirectory();
    const other = join(files.path, 'other-pki');
    await makePki(other);
    await copyFile(join(other, 'intermediary.key'), join(files.pki, 'intermediary.key'));
    const mismatched = new Stack(files);
    onTestFinished(() => mismatched.remove(), CLEAN_UP_MS);
    expect(await mismatched.ended).toEqual({ code: 1, signal: null });
    expect(mismatched.log()).toContain('ERR_CA_KEY_MISMATCH');
    await mismatched.untilGone();

    const key = join(other, 'intermediary.key');
    const certificate = join(stack.files.pki, 'intermediary.pem');
    const out = join(files.path, 'imported');
    const args = ['--cert', certificate, '--key', key, '--out', out];
    const imported = await proofgate('ca', 'import', ...args);
    expect(imported).toMatchObject({ exitCode: 1, stdout: '' });
    expect(imported.stderr).toContain('ERR_CA_KEY_MISMATCH');
  });

  it('says so when its port is in use, and leaves nothing running', async ({ onTestFinished }) => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const blocked = new Stack(await makeStackDirectory({ port }));
    onTestFinished(() => blocked.remove(), CLEAN_UP_MS);
    expect(await blocked.ended).toEqual({ code: 1, signal: null });
    expect(blocked.log()).toContain('ERR_PROXY_LISTEN');
    expect(blocked.log()).toContain(`cannot listen on 127.0.0.1:${String(port)}`);
    await blocked.untilGone();
  });

  it('leaves a stack alone that has the same directories', async ({ stack, policy }) => {
    const processes = stack.processes();
    const { exitCode, stdout, stderr } = await proofgate('up', '-c', stack.files.configFile);
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/ERR_\w+_IN_USE/);
    expect(stdout + stderr).toContain('another process answers');
    expect(stack.processes()).toEqual(processes);
    expect(await fetchFrom(stack.hello, '/')).toMatchObject({ status: 200 });
    // Registers, root and plan are what they were, and every socket still answers.
    expect(await policyOf(stack)).toEqual(policy);
    expect(await stack.ask('launcher.sock', '/healthz')).toEqual({ status: 'ok' });
    expect(await stack.identities()).not.toEqual([]);
  });
});
