// SPDX-License-Identifier: Apache-2.0
import { chown, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { once } from 'node:events';
import { vmConfigSchema, workerUser } from '@proofgate/api';
import { openPlatform } from '@proofgate/attester';
import { encodePrivateKey } from '@proofgate/ca';
import { createIntermediary, createRoot } from '@proofgate/ca/authorities';
import { waitFor } from '@proofgate/daemon';
import {
  digestRuntimeEvent,
  encodePem,
  fromUtf8,
  OID,
  parseCertificate,
  sha256,
  toBase64,
  toHex,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { startProxy } from '@proofgate/proxy';
import { servePlatform } from '@proofgate/simulator';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GatewayPublisher } from '../../src/gateway/gateway-publisher.ts';
import { OWN_USER } from '../fixtures.ts';
import { CALLERS, configuredApp } from './configured-app.ts';
import { item, push } from './extension-items.ts';
import { container, runOf, silentLogger, socketStage, type SocketStage } from './stage.ts';

// The proxy forks its workers, which takes long on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const HOST = 'web.example.com';
const WITHIN = { timeoutMs: 15_000 };
const measured = container({
  config_api: { method: 'PUT', path: '/configure' },
  owners: ['alice'],
});

/** A proxy with a CA of its own on the stage's platform. */
async function proxyOn(
  stage: SocketStage,
): Promise<{ port: number; caSpkiSha256: string; workerGid: number | undefined }> {
  const at = new Date();
  const root = await createRoot({ commonName: 'Test root', days: 30, at });
  const permittedDomains = ['example.com'];
  const ca = await createIntermediary({ root, commonName: 'Test', permittedDomains, days: 10, at });
  const file = (name: string): string => join(stage.runDir, name);
  await writeFile(file('ca.crt'), encodePem('CERTIFICATE', ca.certificate));
  await writeFile(file('ca.key'), encodePrivateKey(ca.privateKey), { mode: 0o600 });
  const service = await servePlatform({
    platform: stage.platform,
    socketPath: file('simulator.sock'),
  });
  onTestFinished(() => service.close());
  const config = vmConfigSchema.parse({
    version: '1',
    platform: {
      tee: 'simulated',
      hostname: 'example.com',
      ca_cert: file('ca.crt'),
      ca_key: file('ca.key'),
      listen: '127.0.0.1:0',
      data_dir: file('data'),
      run_dir: stage.runDir,
      image_profile_file: file('image-profile'),
      workers: 1,
    },
  });
  const workerGid = workerUser(config.platform, OWN_USER)?.gid;
  // As the launcher does it.
  if (workerGid !== undefined) await chown(stage.runDir, OWN_USER.uid, workerGid);
  const proxy = await startProxy(config, {
    logger: silentLogger,
    platform: await openPlatform({ tee: 'simulated', runDir: stage.runDir }),
    own: OWN_USER,
  });
  onTestFinished(() => proxy.stop({ tunnelGraceMs: 0, deadlineMs: 0 }));
  const caSpkiSha256 = toHex(sha256(parseCertificate(ca.certificate).spki));
  return { port: proxy.address.port, caSpkiSha256, workerGid };
}

/** What the certificate of the host says in the arc of workloads, as `tail=text`. */
async function said(port: number): Promise<string[]> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: HOST,
    rejectUnauthorized: false,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  const arc = `${OID.configurationHash}.`;
  return [...parseCertificate(raw).extensions].flatMap(([oid, { value }]) =>
    oid.startsWith(arc) ? [`${oid.slice(arc.length)}=${fromUtf8(value)}`] : [],
  );
}

/** Sends a request to the host; `agent` keeps a connection. */
function ask(
  port: number,
  line: string,
  { token = '', agent = false }: { readonly token?: string; readonly agent?: Agent | false } = {},
): Promise<{ status: number; body: string; retryAfter: string | undefined }> {
  const [method, path] = line.split(' ');
  return new Promise((resolve, reject) => {
    request(
      {
        ...{ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false, agent },
        ...{ method, path },
        headers: { host: HOST, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, body, retryAfter: headers['retry-after'] });
        });
      },
    )
      .on('error', reject)
      .end();
  });
}

/** The host, as the launcher describes it to the proxy. */
async function publishedHost(): Promise<{
  readonly port: number;
  readonly app: Awaited<ReturnType<typeof configuredApp>>;
  readonly sockets: Awaited<ReturnType<SocketStage['open']>>;
}> {
  const stage = await socketStage();
  const { port, caSpkiSha256, workerGid } = await proxyOn(stage);
  const boot: RuntimeEvent = {
    type: 'proofgate.platform',
    ca_spki_sha256: caSpkiSha256,
    runtime_version: 'launcher/1',
    platform_root: 'ab'.repeat(32),
  };
  await stage.platform.extend(3, digestRuntimeEvent(boot));
  stage.events.push(boot);
  await stage.load(measured);
  const app = await configuredApp();
  app.answer = ({ line }, response) => response.end(line);
  const publisher = new GatewayPublisher({
    socketPath: join(stage.runDir, 'proxy.sock'),
    bootId: 'test',
    logger: silentLogger,
    random: () => 0.5,
  });
  onTestFinished(() => publisher.close());
  const publish = (): void => {
    const endpoint = sockets.find(measured);
    const configure = endpoint?.configure;
    const extensions = [
      { oid: OID.imageDigest, value: new Uint8Array(32).fill(0xc0) },
      ...(endpoint?.publishedExtensions() ?? []),
    ];
    publisher.publish({
      platform: { tee: 'tdx', simulated: true, runtimeVersion: 'launcher/1' },
      eventLog: [...stage.events],
      hosts: [
        {
          hostname: HOST,
          mode: 'http',
          upstream: `http://127.0.0.1:${String(app.port)}`,
          attestation: 'certificate',
          extensions: extensions.map(({ oid, value }) => ({ oid, value: toBase64(value) })),
          ...(configure === undefined ? {} : { configure }),
        },
      ],
    });
  };
  const sockets = await stage.open({
    callers: CALLERS,
    onChange: publish,
    superseded: () => publisher.supersede(),
    minReissueMs: 0,
    workerGid,
  });
  await sockets.give(measured);
  publish();
  await waitFor(() => said(port).then(Array.isArray, () => false), WITHIN);
  return { port, app, sockets };
}

test('a container is configured by its owner before anything else of it is served', async () => {
  const { port, app, sockets } = await publishedHost();
  const run = runOf('web-1', app.port);
  await sockets.started(measured, run.instance);

  expect(await ask(port, 'GET /')).toMatchObject({ status: 503, retryAfter: '5' });
  expect(await ask(port, 'GET /.well-known/attestation')).toMatchObject({ status: 200 });
  expect(await ask(port, 'PUT /configure')).toMatchObject({ status: 401 });
  expect(await ask(port, 'PUT /configure', { token: 'bob' })).toMatchObject({ status: 403 });
  expect(await ask(port, 'PUT /configure/', { token: 'alice' })).toMatchObject({ status: 400 });
  expect(app.seen).toEqual([]);

  const configured = await ask(port, 'PUT /configure', { token: 'alice' });
  expect(configured).toMatchObject({ status: 200, body: 'PUT /configure' });
  // No retry: whoever has the answer finds the rest open.
  expect(await ask(port, 'GET /')).toMatchObject({ status: 200, body: 'GET /' });

  expect(await ask(port, 'PUT /configure', { token: 'bob' })).toMatchObject({ status: 403 });
  expect(await ask(port, 'PUT //configure', { token: 'bob' })).toMatchObject({ status: 400 });
  expect(await ask(port, 'POST /configure', { token: 'bob' })).toMatchObject({ status: 405 });
  expect(app.seen.map(({ line }) => line)).toEqual(['PUT /configure', 'GET /']);

  // A restarted container has forgotten its configuration; nothing is served before the proxy knows.
  await run.end();
  await sockets.give(measured);
  await sockets.started(measured, runOf('web-2', app.port).instance);
  expect(await ask(port, 'GET /')).toMatchObject({ status: 503 });
  expect(app.seen).toHaveLength(2);
});

test('a container puts extensions into its certificate, which go when it ends', async () => {
  const { port, app, sockets } = await publishedHost();
  const run = runOf('web-1', app.port);
  await sockets.started(measured, run.instance);
  await sockets.find(measured)!.completeConfiguration();
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  onTestFinished(() => {
    agent.destroy();
  });
  expect(await ask(port, 'GET /1', { agent })).toMatchObject({ status: 200 });
  const directory = sockets.find(measured)!.directory;

  expect((await push(directory, [item('5', 'model')])).status).toBe(200);
  await waitFor(async () => (await said(port))[0] === '5=model', WITHIN);
  // What was proved before is still true.
  expect(await ask(port, 'GET /2', { agent })).toMatchObject({ status: 200 });

  // What was proved to new connections is true no more when it changes.
  const proved = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  onTestFinished(() => {
    proved.destroy();
  });
  expect(await ask(port, 'GET /3', { agent: proved })).toMatchObject({ status: 200 });
  await push(directory, [item('5', 'other')]);
  await waitFor(async () => (await said(port).catch(() => []))[0] === '5=other', WITHIN);
  expect(await ask(port, 'GET /4', { agent: proved })).toMatchObject({ status: 421 });
  expect(await ask(port, 'GET /5', { agent })).toMatchObject({ status: 200 });

  await run.end();
  await sockets.give(measured);
  await waitFor(async () => (await said(port).catch(() => ['none'])).length === 0, WITHIN);
});
