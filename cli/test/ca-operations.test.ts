// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePem, parseCertificate, parseCertificateList, toHex } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import { proofgate, proofgateOk, proofgateWith } from './support/command.ts';
import { modeOf, testDirectory } from './support/directory.ts';

const directory = testDirectory();
let count = 0;

/** A CA with the intermediary of a machine. */
async function machine(): Promise<string> {
  count += 1;
  const pki = directory.file(`pki-${String(count)}`);
  await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
  await proofgateOk(
    ...['ca', 'intermediary', '--dir', pki, '--domain', 'prod1.example.com'],
    ...['--crl-url', 'http://ca.example.com/root.crl'],
  );
  return pki;
}

function certificateIn(...path: string[]): ReturnType<typeof parseCertificate> {
  const [der] = decodePem(readFileSync(join(...path), 'utf8'), 'CERTIFICATE');
  return parseCertificate(der ?? new Uint8Array());
}

const serialOf = (...path: string[]): string => toHex(certificateIn(...path).serialNumber);

describe('ca rotate', () => {
  it('replaces an intermediary in three steps', async () => {
    const pki = await machine();
    const before = serialOf(pki, 'intermediary.pem');
    await proofgateOk('ca', 'rotate', 'prepare', '--dir', pki);
    expect(serialOf(pki, 'intermediary.pem')).toBe(before);
    const shown = await proofgateOk('ca', 'rotate', 'activate', '--dir', pki);
    const after = serialOf(pki, 'intermediary.pem');
    expect(shown).toContain(before);
    expect(shown).toContain(after);
    expect(after).not.toBe(before);
    expect(modeOf(join(pki, 'intermediary.key'))).toBe('600');
    await proofgateOk('ca', 'rotate', 'retire', '--dir', pki);
    await proofgateOk('ca', 'crl', '--dir', pki);
    const list = parseCertificateList(new Uint8Array(readFileSync(join(pki, 'root.crl'))));
    expect([...list.revoked.keys()]).toEqual([before]);
  });

  it('gives up what was prepared', async () => {
    const pki = await machine();
    const before = serialOf(pki, 'intermediary.pem');
    await proofgateOk('ca', 'rotate', 'prepare', '--dir', pki);
    const shown = await proofgateOk('ca', 'rotate', 'abandon', '--dir', pki);
    expect(shown).toContain(before);
    expect(shown).toContain('abandoned');
    expect(serialOf(pki, 'intermediary.pem')).toBe(before);
    expect(await proofgateOk('ca', 'journal', 'list', '--dir', pki)).toContain('abandon');
    await proofgateOk('ca', 'rotate', 'prepare', '--dir', pki);
  });

  it('says which step is missing', async () => {
    const outcome = await proofgate('ca', 'rotate', 'activate', '--dir', await machine());
    expect(outcome).toMatchObject({ exitCode: 1, out: '' });
    expect(outcome.err).toContain('ERR_CA_ROTATION');
    expect(outcome.err).toContain('prepare, activate, retire');
  });
});

describe('ca revoke and ca crl', () => {
  it('take a file or a serial number', async () => {
    const pki = await machine();
    const file = join(pki, 'intermediary.pem');
    const shown = await proofgateOk(
      'ca',
      'revoke',
      file,
      '--dir',
      pki,
      '--reason',
      'keyCompromise',
    );
    expect(shown).toContain(serialOf(file));
    const again = await proofgate('ca', 'revoke', serialOf(file), '--dir', pki);
    expect(again.exitCode).toBe(1);
    expect(again.err).toContain('ERR_CA_ALREADY_REVOKED');
    await proofgateOk('ca', 'crl', '--dir', pki);
    expect(readFileSync(join(pki, 'root.crl.pem'), 'utf8')).toContain('BEGIN X509 CRL');
  });

  it('refuse what this CA has not issued', async () => {
    const outcome = await proofgate('ca', 'revoke', '0102', '--dir', await machine());
    expect(outcome.exitCode).toBe(1);
    expect(outcome.err).toContain('ERR_CA_NOT_ISSUED');
  });

  it('say when there is no CA in the directory', async () => {
    const outcome = await proofgate('ca', 'revoke', '0102', '--dir', directory.file('nowhere'));
    expect(outcome.exitCode).toBe(2);
    expect(outcome.err).toContain('root.pem');
  });
});

describe('ca journal', () => {
  it('lists and checks what the CA did', async () => {
    const pki = await machine();
    const list = await proofgateOk('ca', 'journal', 'list', '--dir', pki);
    expect(list).toContain('init');
    expect(list).toContain(serialOf(pki, 'intermediary.pem'));
    const verified = await proofgateOk('ca', 'journal', 'verify', '--dir', pki, '--json');
    expect(JSON.parse(verified)).toMatchObject({ entries: 2, issued: 1, revoked: 0 });
  });

  it('notices a change', async () => {
    const pki = await machine();
    const path = join(pki, 'journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"generated"', '"requested"'));
    // The last line has no successor yet: its change shows when it does.
    const changed = readFileSync(path, 'utf8').replace('"seq":0', '"seq":1');
    writeFileSync(path, changed);
    const outcome = await proofgate('ca', 'journal', 'verify', '--dir', pki);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.err).toContain('ERR_CA_JOURNAL_INVALID');
  });
});

describe('a journal that was lost', () => {
  it('is noticed by whoever verifies it, and by whoever wants to go on', async () => {
    const pki = await machine();
    rmSync(join(pki, 'journal.jsonl'));
    for (const command of [
      ['journal', 'verify'],
      ['rotate', 'prepare'],
    ]) {
      const outcome = await proofgate('ca', ...command, '--dir', pki);
      expect(outcome.exitCode).toBe(1);
      expect(outcome.err).toContain('ERR_CA_JOURNAL_INVALID');
      expect(outcome.err).toContain('restore journal.jsonl from a backup');
    }
    expect(existsSync(join(pki, 'journal.jsonl'))).toBe(false);
  });

  it('is not begun anew beside what it listed', async () => {
    const pki = await machine();
    for (const name of ['root.pem', 'root.key', 'journal.jsonl']) rmSync(join(pki, name));
    const outcome = await proofgate('ca', 'init', '--out', pki, '--no-passphrase');
    expect(outcome.exitCode).toBe(2);
    expect(outcome.err).toContain('ERR_CLI_FILE_EXISTS');
    expect(existsSync(join(pki, 'root.pem'))).toBe(false);
  });
});

describe('ca intermediary --csr', () => {
  it('signs for a machine that keeps its key', async () => {
    const pki = directory.file('for-request');
    await proofgateOk('ca', 'init', '--out', pki, '--no-passphrase');
    const request = directory.file('request.pem');
    execFileSync(
      'openssl',
      [
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-keyout', directory.file('machine.key'), '-out', request, '-subj', '/CN=ignored'],
      ],
      { stdio: 'pipe' },
    );
    const out = directory.file('machine');
    await proofgateOk(
      ...['ca', 'intermediary', '--dir', pki, '--out', out, '--csr', request],
      ...['--domain', 'prod1.example.com'],
    );
    expect(existsSync(join(out, 'intermediary.key'))).toBe(false);
    const { subject, nameConstraints } = certificateIn(out, 'intermediary.pem');
    expect(subject.text).not.toContain('ignored');
    expect(nameConstraints?.permitted.dns).toEqual(['prod1.example.com']);
  });

  it('refuses a file that is none', async () => {
    const pki = await machine();
    const outcome = await proofgate(
      ...[
        'ca',
        'intermediary',
        '--dir',
        pki,
        '--out',
        directory.file('x'),
        '--domain',
        'a.example',
      ],
      ...['--csr', join(pki, 'root.pem')],
    );
    expect(outcome.exitCode).toBe(2);
    expect(outcome.err).toContain('certificate request');
  });
});

describe('ca import --pkcs12', () => {
  it('takes over an intermediary in one file', async () => {
    const pki = await machine();
    const file = directory.file('intermediary.p12');
    execFileSync('openssl', [
      ...['pkcs12', '-export', '-inkey', join(pki, 'intermediary.key')],
      ...['-in', join(pki, 'intermediary.pem'), '-certfile', join(pki, 'root.pem')],
      ...['-out', file, '-passout', 'pass:correct horse battery'],
    ]);
    chmodSync(file, 0o600);
    const out = directory.file('imported');
    const env = { PROOFGATE_CA_PASSPHRASE: 'correct horse battery' };
    const outcome = await proofgateWith({ env }, 'ca', 'import', '--pkcs12', file, '--out', out);
    expect(outcome).toMatchObject({ exitCode: 0, err: '' });
    expect(serialOf(out, 'intermediary.pem')).toBe(serialOf(pki, 'intermediary.pem'));
    expect(readFileSync(join(out, 'intermediary.pem'), 'utf8').match(/BEGIN/g)).toHaveLength(2);
  });

  it('is used instead of the other options, not beside them', async () => {
    const outcome = await proofgate(
      ...['ca', 'import', '--pkcs12', 'a', '--cert', 'b', '--out', directory.file('y')],
    );
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
  });
});

describe('ca export', () => {
  it('prints what clients trust, as PEM and as keys', async () => {
    const [old, next] = [await machine(), await machine()];
    const bundle = await proofgateOk(
      ...['ca', 'export', '--dir', old, '--also', join(next, 'root.pem')],
    );
    expect(decodePem(bundle, 'CERTIFICATE')).toHaveLength(2);
    const keys: unknown = JSON.parse(
      await proofgateOk('ca', 'export', '--dir', old, '--format', 'jwks'),
    );
    expect(keys).toMatchObject({ keys: [{ kty: 'EC', crv: 'P-256', use: 'sig' }] });
  });
});
