// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect } from 'vitest';
import { WebSocket } from 'ws';
import type { Issuer } from '@proofgate/ca';
import {
  OID,
  parseCertificate,
  readAttestationExtensions,
  type Certificate,
  type ExtensionValue,
} from '@proofgate/evidence';
import { verifyRaTlsV1, type RaTlsV1Target } from '../interop/ra-tls-v1-client.ts';
import { newKeyPair } from './support/certificates.ts';
import { describeWithProgram } from './support/external-programs.ts';
import { fetchFrom, servedLeaf, startRequest, tlsOptions } from './support/https-request.ts';
import { issuerIn, makePki } from './support/pki.ts';
import { plannedValue, planOf, simulatorOf, type SystemPolicy } from './support/policy.ts';
import { proofgate, run, type Outcome } from './support/proofgate.ts';
import { HELLO } from './support/stack-config.ts';
import { testWithStack } from './support/stack-test.ts';
import type { Stack } from './support/stack.ts';
import { startTamperingServer } from './support/tampering-server.ts';

const it = testWithStack();

const v1Target = ({ files }: Stack): RaTlsV1Target => ({
  host: '127.0.0.1',
  port: files.port,
  servername: HELLO,
  rootPem: files.ca,
});

const simulatorRoot = ({ files }: Stack): Promise<string> =>
  readFile(join(files.runDirectory, 'simulator-root.pem'), 'utf8');

const leafOf = async ({ hello }: Stack): Promise<Certificate> =>
  parseCertificate(await servedLeaf(hello));

describe('ordinary clients', () => {
  it('upgrades to a WebSocket and echoes a message of 1 MiB', async ({ stack }) => {
    const { hostname, port } = stack.hello;
    const host = `${hostname}:${String(port)}`;
    const socket = new WebSocket(`wss://127.0.0.1:${String(port)}/ws`, {
      ...tlsOptions(stack.hello),
      headers: { host },
    });
    try {
      await once(socket, 'open');
      for (const message of ['hello', Buffer.alloc(1024 * 1024, 0x5a)]) {
        socket.send(message);
        // `ws` emits the bytes and whether they are binary.
        const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
        expect(data.equals(Buffer.from(message))).toBe(true);
        expect(isBinary).toBe(typeof message !== 'string');
      }
      socket.close(1000);
      expect((await once(socket, 'close'))[0]).toBe(1000);
    } finally {
      socket.terminate();
    }
  });

  it('streams server-sent events as they happen', async ({ stack }) => {
    const response = await startRequest(stack.hello, '/time');
    try {
      expect(response.headers['content-type']).toBe('text/event-stream');
      const events: string[] = [];
      for await (const line of createInterface({ input: response })) {
        if (line.startsWith('data: ')) events.push(line.slice('data: '.length));
        // The stream has no end: the second event shows that nothing waits for one.
        if (events.length === 2) break;
      }
      const [first, second] = events.map((time) => Date.parse(time));
      expect(second! - first!).toBeGreaterThan(500);
    } finally {
      response.destroy();
    }
  });

  it('passes a body through in both directions, with and without a length', async ({ stack }) => {
    const body = 'x'.repeat(300_000);
    for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await fetchFrom(stack.hello, '/echo', { method: 'POST', headers, body });
      expect(answer.status).toBe(200);
      expect(answer.body === body).toBe(true);
    }
  });
});

describeWithProgram('curl', 'curl', () => {
  it('fetches with nothing but the root', async ({ stack }) => {
    const { port, rootFile } = stack.files;
    const url = `https://${HELLO}:${String(port)}/`;
    const resolve = ['--resolve', `${HELLO}:${String(port)}:127.0.0.1`];
    const plain = ['--silent', '--show-error', '--noproxy', '*'];
    const fetched = await run('curl', [...plain, '--cacert', rootFile, ...resolve, url]);
    expect(fetched).toMatchObject({ exitCode: 0, stderr: '' });
    expect(fetched.stdout).toBe((await fetchFrom(stack.hello, '/')).body);
    // curl(1): 60 is a certificate that it cannot verify.
    expect(await run('curl', [...plain, ...resolve, url])).toMatchObject({ exitCode: 60 });
  });
});

describeWithProgram('openssl', 'openssl s_client', () => {
  it('completes a TLS 1.3 handshake and verifies the chain', async ({ stack }) => {
    const { port, rootFile } = stack.files;
    const connectTo = ['-connect', `127.0.0.1:${String(port)}`, '-servername', HELLO];
    const options = ['-tls1_3', '-CAfile', rootFile, '-verify_return_error'];
    const args = ['s_client', ...connectTo, ...options, '-verify_hostname', HELLO];
    const { exitCode, stdout } = await run('openssl', args);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Verify return code: 0 (ok)');
    expect(stdout).toContain('New, TLSv1.3');
    expect(stdout).toContain('No ALPN negotiated');
  });
});

describeWithProgram('openssl', 'the RA-TLS v1 client that shares no code with us', () => {
  it('accepts what the proxy serves, with the values of the plan', async ({ stack, policy }) => {
    const plan = await planOf(stack);
    const hashes = [OID.workloadRoot, OID.imageDigest, OID.workloadsHash, OID.runtimeVersionHash];
    const proof = await verifyRaTlsV1(v1Target(stack), {
      quoteRootPem: await simulatorRoot(stack),
      mrTd: policy.measurements['image']!['mrtd']!,
      extensions: Object.fromEntries(hashes.map((oid) => [oid, plannedValue(plan, oid)])),
    });
    expect(proof.extensions.size).toBeGreaterThan(hashes.length);
    const { quote } = readAttestationExtensions(await leafOf(stack));
    expect(proof.quote.equals(quote!.bytes)).toBe(true);
  });

  it('refuses a man in the middle who has the CA and the quote, but not the key', async ({
    stack,
    onTestFinished,
  }) => {
    const identity = relabel(await issuerIn(stack.files.pki), await leafOf(stack));
    const middle = await startTamperingServer(stack.hello, identity);
    onTestFinished(() => middle.close());
    const refused = verifyRaTlsV1(
      { ...v1Target(stack), port: middle.port },
      { quoteRootPem: await simulatorRoot(stack) },
    );
    await expect(refused).rejects.toMatchObject({ step: 'report data' });
  });
});

/** The leaf with everything that it claims, for another key, under the given issuer. */
function relabel(issuer: Issuer, leaf: Certificate): { cert: string; key: string } {
  const { quote, values } = readAttestationExtensions(leaf);
  const { spki, keyPem } = newKeyPair();
  const evidence: ExtensionValue = { oid: OID.tdxQuote, value: quote!.bytes };
  const { chainPem } = issuer.issueLeaf({
    spki,
    names: [HELLO],
    notBefore: leaf.notBefore,
    lifetimeMs: leaf.notAfter.getTime() - leaf.notBefore.getTime(),
    extensions: [evidence, ...values],
    purpose: 'server',
  });
  return { cert: chainPem, key: keyPem };
}

/** A CA that has the names of the real one and another key. */
async function lookalikeIssuer({ files }: Stack): Promise<Issuer> {
  const directory = join(files.path, 'lookalike-pki');
  await makePki(directory);
  return issuerIn(directory);
}

describe('proofgate verify before a man in the middle', () => {
  const verifyOn = async (stack: Stack, policy: SystemPolicy, port: number): Promise<Outcome> => {
    const policyFile = join(stack.files.path, 'policy.json');
    await writeFile(policyFile, JSON.stringify(policy));
    const { collateral } = await simulatorOf(stack);
    const args = ['--ca', stack.files.rootFile, '--policy', policyFile, '--collateral', collateral];
    return proofgate('verify', `https://${HELLO}:${String(port)}`, ...args, '--json');
  };

  it.for<[string, string, (stack: Stack) => Promise<Issuer>]>([
    [
      'the real CA signed his certificate',
      'ERR_BINDING_REPORT_DATA',
      ({ files }) => issuerIn(files.pki),
    ],
    ['he has a CA of the same names', 'ERR_CERT_ROOT_UNTRUSTED', lookalikeIssuer],
  ])('refuses him when %s', async ([, code, issuer], { stack, policy, onTestFinished }) => {
    const identity = relabel(await issuer(stack), await leafOf(stack));
    const middle = await startTamperingServer(stack.hello, identity);
    onTestFinished(() => middle.close());
    const outcome = await verifyOn(stack, policy, middle.port);
    expect(outcome.exitCode).toBe(10);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ verdict: 'refused', code });
    // The same command, past him.
    expect(await verifyOn(stack, policy, stack.files.port)).toMatchObject({ exitCode: 0 });
  });
});
