// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { managementOpenApi, statusAnswerSchema, type LogLine } from '@proofgate/api';
import { waitFor } from '@proofgate/daemon';
import { afterAll, describe, expect } from 'vitest';
import { MONITORING, OidcIssuer } from '../../launcher/test/management/oidc-issuer.ts';
import { freePort } from './support/free-port.ts';
import { fetchFrom } from './support/https-request.ts';
import { simulatorOf } from './support/policy.ts';
import { PROOFGATE, proofgate, proofgateOk, type Outcome } from './support/proofgate.ts';
import { MACHINE_DOMAIN, MANAGER } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import type { Stack } from './support/stack.ts';

const WITHIN = { timeoutMs: 20_000, intervalMs: 50 };

const issuer = await OidcIssuer.start(Date.now);
afterAll(() => issuer.close());

const it = testWithStack({ management: { oidc: { issuer: issuer.url } } });

/** Options by which a careful operator reaches the VM from afar. */
async function fromAfar(stack: Stack, claims: Record<string, unknown> = {}): Promise<string[]> {
  const { collateral, rootSha256 } = await simulatorOf(stack);
  const { path, port, rootFile } = stack.files;
  const { mrtd } = (await stack.ask('simulator.sock', '/v1/measurements')) as { mrtd: string };
  const policy = {
    version: 1,
    name: 'the VM',
    tee: ['tdx'],
    roots: [`sha256:${rootSha256}`],
    measurements: { image: { mrtd } },
    freshness: { mode: 'certificate', maxAge: 'PT24H' },
  };
  const policyFile = join(path, 'manager-policy.json');
  const tokenFile = join(path, 'token');
  await writeFile(policyFile, JSON.stringify(policy));
  await writeFile(tokenFile, await issuer.token({ claims }), { mode: 0o600 });
  return [
    ...['--url', `https://${MANAGER}:${String(port)}`, '--ca', rootFile],
    ...['--collateral', collateral, '--policy', policyFile, '--token-file', tokenFile],
  ];
}

/** Says its name to everybody, on its output as well. */
const NAMED_APP = `
  import { createServer } from 'node:http';
  const { NAME, PORT } = process.env;
  createServer((request, response) => response.end(NAME)).listen(Number(PORT), '127.0.0.1', () => {
    console.log(NAME + ' is ready');
  });`;

/** Writes the file of another workload. */
async function namedWorkload(stack: Stack, name: string): Promise<string> {
  const port = await freePort();
  const program = join(stack.files.path, 'app', `${name}.mjs`);
  await writeFile(program, NAMED_APP, { mode: 0o644 });
  const file = join(stack.files.path, `${name}.yaml`);
  const health = `http://127.0.0.1:${String(port)}/`;
  await writeFile(
    file,
    `name: ${name}
runtime: process
command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(program)}]
port: ${String(port)}
env: { NAME: ${name} }
health_check: { http: "${health}", interval_seconds: 0.2 }
`,
  );
  return file;
}

/** What the log says of changes, in their order. */
function auditOf(stack: Stack): Record<string, unknown>[] {
  return stack
    .log()
    .split('\n')
    .filter((line) => line.includes('"audit"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function namesIn(outcome: Promise<string>): Promise<readonly string[]> {
  return statusAnswerSchema.parse(JSON.parse(await outcome)).map(({ name }) => name);
}

describe('the management API behind the proxy', () => {
  it('says who may ask what', async ({ stack }) => {
    const manager = stack.endpoint(MANAGER);
    expect(await fetchFrom(manager, '/healthz')).toMatchObject({
      status: 200,
      body: '{"status":"ok"}',
      headers: { 'content-type': 'application/json', 'content-length': '15' },
    });
    const { body } = await fetchFrom(manager, '/openapi.json');
    expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(managementOpenApi('0.1.0'))));
    const closed = await fetchFrom(manager, '/api/v1/status');
    expect(closed).toMatchObject({
      status: 401,
      headers: {
        'content-type': 'application/problem+json',
        'www-authenticate': 'Bearer realm="proofgate"',
      },
    });
    expect(JSON.parse(closed.body)).toMatchObject({ code: 'ERR_LAUNCHER_TOKEN_MISSING' });
    const authorization = `Bearer ${await issuer.token({ claims: { roles: [MONITORING] } })}`;
    const isHealthy = async (): Promise<boolean> => {
      const { body } = await fetchFrom(manager, '/api/v1/status', { headers: { authorization } });
      const [first, ...others] = statusAnswerSchema.parse(JSON.parse(body));
      return first?.name === 'hello' && first.status === 'healthy' && others.length === 0;
    };
    await waitFor(isHealthy, { ...WITHIN, what: 'the workload to be seen healthy' });
    const metrics = await fetchFrom(manager, '/metrics', { headers: { authorization } });
    expect(metrics.body).toContain('enclave_os_containers_loaded 1\n');
    const change = await fetchFrom(manager, '/api/v1/containers/hello', {
      method: 'DELETE',
      headers: { authorization },
    });
    expect(change.status).toBe(403);
    expect(auditOf(stack).at(-1)).toMatchObject({
      audit: 'unloadContainer',
      status: 403,
      on: 'hello',
    });
    expect(stack.pids('workload')).toHaveLength(1);
  });

  it('does what a manager says with the command line', async ({ stack }) => {
    const afar = await fromAfar(stack);
    const file = await namedWorkload(stack, 'second');
    const before = auditOf(stack).length;
    // A program of the VM, unlike a container, is for those on the machine alone.
    expect(await proofgate('load', '-f', file, ...afar)).toMatchObject({ exitCode: 2 });
    const load = await proofgate('load', '-f', file, '-c', stack.files.configFile);
    expect(load, stack.logTail()).toMatchObject({ exitCode: 0, stdout: 'LOADED  second\n' });
    const second = stack.endpoint(`second.${MACHINE_DOMAIN}`);
    const answers = async (): Promise<boolean> => {
      const answer = await fetchFrom(second, '/').catch(() => undefined);
      return answer?.body === 'second';
    };
    await waitFor(answers, { ...WITHIN, what: 'an answer of the second app' });
    expect(await namesIn(proofgateOk('ps', '--json', ...afar))).toEqual(['hello', 'second']);
    expect(await proofgateOk('ps', ...afar)).toMatch(/^second +healthy +process/m);
    expect(await proofgateOk('logs', 'second', ...afar)).toBe('second is ready\n');
    const unload = await proofgateOk('unload', 'second', ...afar);
    expect(unload).toBe('unloaded second\n');
    expect(await namesIn(proofgateOk('ps', '--json', ...afar))).toEqual(['hello']);
    expect(auditOf(stack).slice(before)).toMatchObject([
      { audit: 'loadContainer', who: 'alice', from: '127.0.0.1', workload: 'second', status: 403 },
      { audit: 'loadContainer', who: 'local', from: 'this VM', workload: 'second', status: 202 },
      { audit: 'unloadContainer', who: 'alice', on: 'second', status: 200 },
    ]);
    expect(stack.log()).not.toContain('eyJ');
  });

  it('is refused what does not fit, field by field', async ({ stack }) => {
    const afar = await fromAfar(stack);
    const file = join(stack.files.path, 'bad.json');
    const json = {
      name: 'hello-2',
      runtime: 'process',
      command: ['/bin/true'],
      port: 1,
      env: { A: 1 },
    };
    await writeFile(file, JSON.stringify({ ...json, hostname: `hello.${MACHINE_DOMAIN}` }));
    const taken = await proofgate('load', '-f', file, '-c', stack.files.configFile);
    expect(taken).toMatchObject({ exitCode: 2, stdout: '' });
    expect(taken.stderr).toContain('ERR_LAUNCHER_REQUEST_REFUSED');
    expect(taken.stderr).toContain(`hello.${MACHINE_DOMAIN}`);
    const exec = await proofgate('exec', ...afar, 'hello', '--', 'id');
    expect(exec).toMatchObject({ exitCode: 2, stdout: '' });
    expect(exec.stderr).toContain('ERR_LAUNCHER_EXEC_DISABLED');
  });

  it('is closed to a token that is not good for what is asked', async ({ stack }) => {
    const cases: readonly [code: string, claims: Record<string, unknown>][] = [
      ['ERR_LAUNCHER_TOKEN_INVALID', { exp: 1 }],
      ['ERR_LAUNCHER_TOKEN_INVALID', { aud: 'somebody else' }],
      ['ERR_LAUNCHER_TOKEN_NO_ROLE', { roles: [] }],
      ['ERR_LAUNCHER_CLAIM_REFUSED', { containers: [] }],
    ];
    for (const [code, claims] of cases) {
      const { body } = await fetchFrom(stack.endpoint(MANAGER), '/api/v1/containers/hello', {
        method: 'DELETE',
        headers: { authorization: `Bearer ${await issuer.token({ claims })}` },
      });
      expect(JSON.parse(body)).toMatchObject({ code });
    }
    const expired = await fromAfar(stack, { exp: 1 });
    const outcome = await proofgate('unload', 'hello', ...expired);
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain('ERR_LAUNCHER_TOKEN_INVALID');
    expect(stack.pids('workload')).toHaveLength(1);
  });

  it('gets no token when it is not what the policy wants', async ({ stack }) => {
    const afar = await fromAfar(stack);
    const policy = join(stack.files.path, 'vendor-policy.json');
    await writeFile(policy, '{"version":1,"name":"vendor","tee":["tdx"],"roots":["intel"]}');
    const outcome = await proofgate('ps', ...afar, '--policy', policy);
    expect(outcome).toMatchObject({ exitCode: 10, stdout: '' });
  });
});

describe('the management API of the machine', () => {
  const local = ({ files }: Stack): string[] => ['-c', files.configFile];

  it('needs no token', async ({ stack }) => {
    expect(await namesIn(proofgateOk('ps', '--json', ...local(stack)))).toEqual(['hello']);
    const socket = join(stack.files.runDirectory, 'launcher.sock');
    expect(await namesIn(proofgateOk('ps', '--json', '--socket', socket))).toEqual(['hello']);
  });

  it('replaces a workload', async ({ stack }) => {
    const file = await namedWorkload(stack, 'third');
    const load = (): Promise<Outcome> => proofgate('load', '-f', file, '--json', ...local(stack));
    const first = await load();
    expect(first.exitCode, first.stderr + stack.logTail()).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({
      loads: [{ name: 'third', replaces: false }],
      containers: [{ name: 'third', status: 'healthy' }],
    });
    const again = await load();
    expect(JSON.parse(again.stdout)).toMatchObject({ loads: [{ replaces: true }] });
    await proofgateOk('unload', 'third', ...local(stack));
  });

  it('follows a log', async ({ stack }) => {
    const args = [PROOFGATE, 'logs', 'hello', '-f', '--json', ...local(stack)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const seen: LogLine[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => {
        seen.push(JSON.parse(line) as LogLine);
      });
      await waitFor(() => seen.length > 0, { ...WITHIN, what: 'a line of the log' });
      expect(seen[0]).toMatchObject({
        stream: expect.stringMatching(/^std(?:out|err)$/) as string,
      });
    } finally {
      child.kill('SIGKILL');
    }
  });
});
