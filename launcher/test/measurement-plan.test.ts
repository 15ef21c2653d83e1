// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OID, parseCertificate, decodePem, sha256, toHex } from '@proofgate/evidence';
import { planMeasurements, type MeasurementPlan } from '@proofgate/launcher';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory, writeProgram } from './fixtures.ts';
import { vmStage } from './stage.ts';

/** The texts of one host's extensions by OID. */
function texts(plan: MeasurementPlan, hostname: string): Record<string, string> {
  const host = plan.hosts.find((candidate) => candidate.hostname === hostname);
  return Object.fromEntries(host!.extensions.map(({ oid, text }) => [oid, text]));
}

async function workload(dir: string, name: string, fields: object = {}): Promise<object> {
  const program = await writeProgram(dir, `${name}.sh`, `echo ${name}`);
  return { name, runtime: 'process', command: ['/bin/sh', program], ...fields };
}

describe('the plan', () => {
  test('names every value of every host', async () => {
    const stage = await vmStage();
    await writeFile(join(stage.dir, 'image-profile'), 'production\n');
    const config = stage.parse(
      [await workload(stage.dir, 'web', { port: 1, app_id: 'a'.repeat(32) })],
      { attestation_servers: ['https://as.example.com/'] },
    );
    const plan = await planMeasurements(config);
    const [planned] = plan.workloads;
    const facts = {
      [OID.runtimeVersionHash]: toHex(sha256(Buffer.from(plan.platform.runtimeVersion))),
      [OID.workloadsHash]: toHex(
        sha256(
          Buffer.concat([Buffer.from('web'), Buffer.from(planned!.measured.imageDigest, 'hex')]),
        ),
      ),
      [OID.attestationServersHash]: toHex(sha256(Buffer.from('https://as.example.com/'))),
      [OID.imageProfile]: 'production',
    };
    expect(texts(plan, 'manager.m1.example.com')).toEqual({
      ...facts,
      [OID.platformRoot]: plan.platform.root,
    });
    expect(texts(plan, 'web.m1.example.com')).toEqual({
      ...facts,
      [OID.workloadRoot]: planned!.root,
      [OID.imageDigest]: planned!.measured.imageDigest,
      [OID.imageRef]: 'process:/bin/sh',
      [OID.appId]: 'a'.repeat(32),
    });
    const names = plan.hosts.flatMap(({ extensions }) => extensions.map(({ name }) => name));
    expect(names.every((name) => !/^\d/.test(name))).toBe(true);
    const [ca] = decodePem(await readFile(config.platform.ca_cert, 'utf8'), 'CERTIFICATE');
    expect(plan.files.caSpkiSha256).toBe(toHex(sha256(parseCertificate(ca!).spki)));
  });

  test('changes with a script, and with nothing that is not measured', async () => {
    const stage = await vmStage();
    const web = await workload(stage.dir, 'web', { port: 1 });
    const before = await planMeasurements(stage.parse([web]));
    const unmeasured = { restart: { policy: 'never' }, mode: 'tcp' };
    const same = await planMeasurements(stage.parse([{ ...web, ...unmeasured }]));
    expect(same.rtmr3).toBe(before.rtmr3);
    await writeFile(join(stage.dir, 'web.sh'), 'echo changed');
    const after = await planMeasurements(stage.parse([web]));
    expect(after.rtmr3).not.toBe(before.rtmr3);
    expect(after.platform.root).not.toBe(before.platform.root);
    expect(after.workloads[0]?.measured.specDigest).toBe(before.workloads[0]?.measured.specDigest);
  });

  test('writes a program path into the reference as a URI does', async () => {
    const stage = await vmStage();
    const program = await writeProgram(await temporaryDirectory(), 'run me@1', '');
    const plan = await planMeasurements(
      stage.parse([{ name: 'odd', runtime: 'process', port: 1, command: [program] }]),
    );
    expect(texts(plan, 'odd.m1.example.com')[OID.imageRef]).toBe(
      `process:${program.replace('run me@1', 'run%20me%401')}`,
    );
  });
});

test('the runtime version is that of the package', async () => {
  const stage = await vmStage();
  const { version } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  const plan = await planMeasurements(stage.parse([]));
  expect(plan.platform.runtimeVersion).toBe(`proofgate-launcher/${version}`);
});
