// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePem, parseCertificate } from '@proofgate/evidence';
import { beforeAll, describe, expect, it } from 'vitest';
import { proofgate, proofgateOk, proofgateWith } from './support/command.ts';
import { modeOf, testDirectory } from './support/directory.ts';
import { startSimulatedHost } from './support/simulated-host.ts';

const directory = testDirectory();
const PASSPHRASE = 'correct horse battery';

/** A plain PKI that several tests read. */
const pki = directory.file('pki');

beforeAll(async () => {
  await proofgateOk('ca', 'init', '--out', pki, '--name', 'Shared root', '--no-passphrase');
  await proofgateOk('ca', 'intermediary', '--dir', pki, '--domain', 'prod1.example.com');
});

function certificateIn(...path: string[]): ReturnType<typeof parseCertificate> {
  const text = readFileSync(join(...path), 'utf8');
  return parseCertificate(decodePem(text, 'CERTIFICATE')[0]!);
}

describe('ca init', () => {
  it('writes a root for everyone and a key for its owner', () => {
    expect(modeOf(join(pki, 'root.pem'))).toBe('644');
    expect(modeOf(join(pki, 'root.key'))).toBe('600');
    expect(modeOf(pki)).toBe('700');
    const { subject, basicConstraints } = certificateIn(pki, 'root.pem');
    expect(subject.commonName).toBe('Shared root');
    expect(basicConstraints?.ca).toBe(true);
  });

  it('overwrites nothing and asks nothing before it says so', async () => {
    const before = readFileSync(join(pki, 'root.key'), 'utf8');
    const outcome = await proofgate('ca', 'init', '--out', pki);
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('ERR_CLI_FILE_EXISTS');
    expect(readFileSync(join(pki, 'root.key'), 'utf8')).toBe(before);
  });

  it('makes one root when several are made in one place at once', async () => {
    const out = directory.file('at-once');
    const made = await Promise.all(
      Array.from({ length: 6 }, () => proofgate('ca', 'init', '--out', out, '--no-passphrase')),
    );
    expect(made.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    const key = createPrivateKey(readFileSync(join(out, 'root.key'), 'utf8'));
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(certificateIn(out, 'root.pem').spki)).toEqual(spki);
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const issue = ['ca', 'intermediary', '--dir', out, '--domain', 'prod1.example.com'];
    const issued = await Promise.all(Array.from({ length: 4 }, () => proofgate(...issue)));
    expect(issued.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    expect(readdirSync(join(out, 'issued'))).toHaveLength(1);
  });

  it('leaves the mode of a directory that exists', async () => {
    const out = directory.file('open');
    mkdirSync(out);
    chmodSync(out, 0o755);
    await proofgateOk('ca', 'init', '--out', out, '--no-passphrase');
    expect(modeOf(out)).toBe('755');
  });

  it('does not write into a file', async () => {
    const outcome = await proofgate(
      ...['ca', 'init', '--out', join(pki, 'root.pem', 'x'), '--no-passphrase'],
    );
    expect(outcome.exitCode).toBe(2);
    expect(outcome.err).toContain('ERR_CLI_FILE');
  });

  it('encrypts the key with a passphrase from the environment', async () => {
    const out = directory.file('from-environment');
    const env = { PROOFGATE_CA_PASSPHRASE: PASSPHRASE };
    expect(await proofgateWith({ env }, 'ca', 'init', '--out', out)).toMatchObject({ exitCode: 0 });
    const key = readFileSync(join(out, 'root.key'), 'utf8');
    expect(key).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(createPrivateKey({ key, passphrase: PASSPHRASE }).asymmetricKeyType).toBe('ec');
  });

  it('refuses a passphrase that protects nothing', async () => {
    const env = { PROOFGATE_CA_PASSPHRASE: 'hunter2' };
    const outcome = await proofgateWith({ env }, 'ca', 'init', '--out', directory.file('weak'));
    expect(outcome).toMatchObject({ exitCode: 1, out: '' });
    expect(outcome.err).toContain('ERR_CA_PASSPHRASE_WEAK');
    expect(outcome.err).not.toContain('hunter2');
  });

  it('says where a passphrase may come from when there is nobody to ask', async () => {
    const outcome = await proofgate('ca', 'init', '--out', directory.file('nobody'));
    expect(outcome).toMatchObject({ exitCode: 2, out: '' });
    expect(outcome.err).toContain('PROOFGATE_CA_PASSPHRASE');
  });

  it('takes a P-384 key and a validity', async () => {
    const out = directory.file('p384');
    const options = ['--key-type', 'P-384', '--days', '30', '--no-passphrase'];
    await proofgateOk('ca', 'init', '--out', out, ...options);
    const { publicKey, notAfter } = certificateIn(out, 'root.pem');
    expect(publicKey.algorithm).toBe('ec-p384');
    expect(notAfter.toISOString()).toMatch(/^2026-12-20/);
  });
});

describe('ca intermediary', () => {
  it('is limited to the names it was made for', () => {
    const { basicConstraints, nameConstraints, issuer } = certificateIn(pki, 'intermediary.pem');
    expect(basicConstraints).toEqual({ ca: true, pathLength: 0 });
    expect(nameConstraints?.permitted.dns).toEqual(['prod1.example.com']);
    expect(issuer.commonName).toBe('Shared root');
    expect(modeOf(join(pki, 'intermediary.key'))).toBe('600');
    expect(modeOf(join(pki, 'intermediary.pem'))).toBe('644');
  });

  it('opens an encrypted root with a passphrase file, and only with the right one', async () => {
    const dir = directory.file('encrypted');
    const file = directory.write('passphrase', `${PASSPHRASE}\n`);
    const wrong = directory.write('wrong-passphrase', 'something else\n');
    await proofgateOk('ca', 'init', '--out', dir, '--passphrase-file', file);
    const args = ['ca', 'intermediary', '--dir', dir, '--domain', 'a.example.com'];
    const refused = await proofgate(...args, '--passphrase-file', wrong);
    expect(refused).toMatchObject({ exitCode: 1, out: '' });
    expect(refused.err).toContain('ERR_CA_PASSPHRASE_WRONG');
    await proofgateOk(...args, '--passphrase-file', file);
    expect(readFileSync(join(dir, 'intermediary.key'), 'utf8')).toContain('BEGIN PRIVATE KEY');
  });

  it('takes no passphrase from a file that others can read, but does from a pipe', async () => {
    const dir = directory.file('told');
    const init = ['ca', 'init', '--out', dir, '--passphrase-file'];
    const refused = await proofgate(...init, directory.write('shared', PASSPHRASE, 0o644));
    expect(refused).toMatchObject({ exitCode: 1, out: '' });
    expect(refused.err).toContain('ERR_DAEMON_FILE_NOT_PRIVATE');
    const pipe = directory.file('pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    const [made] = await Promise.all([proofgate(...init, pipe), writeFile(pipe, PASSPHRASE)]);
    expect(made).toMatchObject({ exitCode: 0, err: '' });
  });

  it('takes several domains, address ranges and another directory', async () => {
    const out = directory.file('several');
    await proofgateOk(
      ...['ca', 'intermediary', '--dir', pki, '--out', out, '--name', 'Machine two'],
      ...['--domain', 'a.example.com', '--domain', 'b.example.com', '--ip', '192.0.2.0/24'],
    );
    const { subject, nameConstraints } = certificateIn(out, 'intermediary.pem');
    expect(subject.commonName).toBe('Machine two');
    expect(nameConstraints?.permitted.dns).toEqual(['a.example.com', 'b.example.com']);
    const shown = await proofgateOk('ca', 'show', join(out, 'intermediary.pem'));
    expect(shown).toContain('192.0.2.0/24');
  });

  it('refuses a root key that others can read', async () => {
    const dir = directory.file('exposed');
    await proofgateOk('ca', 'init', '--out', dir, '--no-passphrase');
    chmodSync(join(dir, 'root.key'), 0o644);
    const outcome = await proofgate('ca', 'intermediary', '--dir', dir, '--domain', 'a.example');
    expect(outcome).toMatchObject({ exitCode: 1, out: '' });
    expect(outcome.err).toContain('ERR_DAEMON_FILE_NOT_PRIVATE');
  });

  it.for([
    ['ERR_CA_NAME_INVALID', 1, '--domain', 'not a domain'],
    ['ERR_CLI_FILE', 2, '--domain', 'a.example', '--dir', '/nothing/here'],
  ] as const)('refuses with %s', async ([code, exitCode, ...args]) => {
    const out = directory.file('refused');
    const outcome = await proofgate('ca', 'intermediary', '--dir', pki, '--out', out, ...args);
    expect(outcome).toMatchObject({ exitCode, out: '' });
    expect(outcome.err).toContain(code);
  });
});

describe('ca import', () => {
  const certificate = join(pki, 'intermediary.pem');
  const key = () => createPrivateKey(readFileSync(join(pki, 'intermediary.key')));
  const importing = (keyFile: string, out: string, ...more: string[]): string[] => [
    ...['ca', 'import', '--cert', certificate, '--key', keyFile, '--out', out],
    ...more,
  ];

  it.for(['pkcs8', 'sec1'] as const)('takes over a %s key', async (type) => {
    const file = directory.write(`${type}.key`, key().export({ type, format: 'pem' }));
    const out = directory.file(`imported-${type}`);
    expect(await proofgateOk(...importing(file, out))).toContain('prod1.example.com');
    expect(modeOf(join(out, 'intermediary.key'))).toBe('600');
    expect(modeOf(join(out, 'intermediary.pem'))).toBe('644');
    const written = readFileSync(join(out, 'intermediary.key'), 'utf8');
    expect(written).toContain('BEGIN PRIVATE KEY');
    expect(createPrivateKey(written).equals(key())).toBe(true);
  });

  it('takes over an encrypted key, however short its passphrase is', async () => {
    const options = { cipher: 'aes-256-cbc', passphrase: 'old' } as const;
    const text = key().export({ type: 'pkcs8', format: 'pem', ...options });
    const file = directory.write('encrypted.key', text);
    const out = directory.file('imported-encrypted');
    expect((await proofgate(...importing(file, out))).exitCode).toBe(2);
    const passphrase = directory.write('old-passphrase', 'old\n');
    await proofgateOk(...importing(file, out, '--passphrase-file', passphrase));
    const written = readFileSync(join(out, 'intermediary.key'), 'utf8');
    expect(createPrivateKey(written).equals(key())).toBe(true);
  });

  it('refuses the key of another certificate and writes nothing', async () => {
    const out = directory.file('mismatch');
    const outcome = await proofgate(...importing(join(pki, 'root.key'), out));
    expect(outcome).toMatchObject({ exitCode: 1, out: '' });
    expect(outcome.err).toContain('ERR_CA_KEY_MISMATCH');
    expect(() => modeOf(out)).toThrow('ENOENT');
  });

  it('refuses a file without a certificate, and one that is not there', async () => {
    const out = directory.file('no-certificate');
    for (const cert of [join(pki, 'root.key'), '/nothing/here']) {
      const args = ['--cert', cert, '--key', join(pki, 'root.key'), '--out', out];
      const outcome = await proofgate('ca', 'import', ...args);
      expect(outcome).toMatchObject({ exitCode: 2, out: '' });
      expect(outcome.err).toContain('ERR_CLI_FILE');
    }
  });

  it('overwrites nothing', async () => {
    const outcome = await proofgate(...importing(join(pki, 'intermediary.key'), pki));
    expect(outcome.exitCode).toBe(2);
    expect(outcome.err).toContain('ERR_CLI_FILE_EXISTS');
  });
});

describe('ca show', () => {
  it('shows a certificate for people and for programs', async () => {
    const file = join(pki, 'intermediary.pem');
    const { certificates } = JSON.parse(await proofgateOk('ca', 'show', file, '--json')) as {
      readonly certificates: readonly [{ readonly sha256: string }];
    };
    const [{ sha256 }] = certificates;
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const text = await proofgateOk('ca', 'show', file);
    for (const part of [sha256, 'yes, path length 0', 'prod1.example.com', 'CN=Shared root']) {
      expect(text).toContain(part);
    }
  });

  it('shows what a leaf says beside its names', async () => {
    const host = await startSimulatedHost({ dataKeyOrigin: 'a\u202eb' });
    await host.close();
    const text = await proofgateOk('ca', 'show', directory.write('leaf.pem', host.chainPem));
    expect(text).toMatch(/^names +localhost$/mu);
    expect(text).toMatch(/^evidence +tdx$/mu);
    expect(text).toMatch(/^image profile +production {2}\(1\.3\.6\.1\.4\.1\.65230\.2\.8\)$/mu);
    expect(text).toContain('a\\u{202e}b');
    expect(text.split('\n\n')).toHaveLength(2);
  });
});
