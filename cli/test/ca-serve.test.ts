// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificateList } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import { runDirectory, startCa, writeCaConfig } from './support/ca-service.ts';
import { proofgate, proofgateOk, proofgateWith } from './support/command.ts';
import { modeOf, testDirectory } from './support/directory.ts';

const directory = testDirectory();

describe('ca serve and ca enrol', () => {
  it('give a machine an intermediary whose key never left it', async () => {
    const pki = directory.file('pki');
    await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
    const ca = await startCa(writeCaConfig(directory, pki));
    const enrol = [
      ...['ca', 'enrol', '--url', `https://localhost:${String(ca.port)}`, '--tee', 'simulated'],
      ...['--root', join(pki, 'root.pem'), '--run-dir', await runDirectory(directory)],
    ];
    const out = directory.file('machine');
    const now = new Date();
    const shown = await proofgateWith(
      { now },
      ...[...enrol, '--host', 'prod1.example.com', '--out', out],
    );
    expect(shown).toMatchObject({ exitCode: 0, err: '' });
    expect(shown.out).toContain('SIMULATED');
    expect(modeOf(join(out, 'intermediary.key'))).toBe('600');
    expect(await proofgateOk('ca', 'show', join(out, 'intermediary.pem'))).toContain(
      'prod1.example.com',
    );

    const refused = await proofgateWith(
      { now },
      ...[...enrol, '--host', 'prod2.example.com', '--out', directory.file('other')],
    );
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain('ERR_CA_HOST_NOT_ENROLLED');

    const policy = ['--policy', directory.file('machines.json')];
    const unproved = await proofgateWith(
      { now },
      ...[...enrol, ...policy, '--host', 'prod1.example.com', '--out', directory.file('other')],
    );
    expect(unproved.exitCode).toBe(1);
    expect(unproved.err).toContain('ERR_CA_SERVICE_REFUSED');

    expect(await ca.stop()).toBe(0);
    const journal = await proofgateOk('ca', 'journal', 'list', '--dir', pki);
    expect(journal).toContain('intermediary, attested');
  }, 30_000);

  it('leave it possible to revoke while the service runs', async () => {
    const pki = directory.file('revoking');
    await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
    const out = directory.file('revoked');
    const issue = ['ca', 'intermediary', '--dir', pki, '--domain', 'prod1.example.com', '--out'];
    await proofgateOk(...issue, out);
    const ca = await startCa(writeCaConfig(directory, pki));
    const list = (): ReturnType<typeof parseCertificateList> =>
      parseCertificateList(readFileSync(join(pki, 'root.crl')));
    expect(list().revoked).toHaveLength(0);

    const target = join(out, 'intermediary.pem');
    const revoked = await proofgateOk('ca', 'revoke', target, '--dir', pki);
    expect(revoked).toContain('number 2, signed by the service');
    expect(list().revoked).toHaveLength(1);
    const again = await proofgate('ca', 'revoke', target, '--dir', pki);
    expect(again.exitCode).toBe(1);
    expect(again.err).toContain('ERR_CA_ALREADY_REVOKED');
    expect(await proofgateOk('ca', 'crl', '--dir', pki)).toMatch(/^number +3$/mu);

    const busy = await proofgate(...issue, directory.file('none'));
    expect(busy.err).toContain('ERR_CA_LOCKED');
    await ca.stop();
    // The same commands work in the directory themselves when no service does.
    expect(await proofgateOk('ca', 'crl', '--dir', pki)).toMatch(/^number +4$/mu);
  }, 30_000);

  it('check their file', async () => {
    const pki = directory.file('pki');
    const good = writeCaConfig(directory, pki);
    expect(await proofgate('ca', 'serve', '-c', good, '--check')).toMatchObject({ exitCode: 0 });
    const bad = writeCaConfig(directory, pki, { rulez: [] });
    const wrong = await proofgate('ca', 'serve', '-c', bad, '--check');
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.err).toContain('rulez');
  });
});
