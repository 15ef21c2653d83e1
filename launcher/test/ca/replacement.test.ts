// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePrivateKey, loadIssuer } from '@proofgate/ca';
import { createIntermediary, createRoot, type CaIdentity } from '@proofgate/ca/authorities';
import { encodePem } from '@proofgate/evidence';
import { describe, expect, it } from 'vitest';
import { runKilledAt } from '../../../ca/test/crash/killed-process.ts';
import { finishCa, stageCa } from '../../src/measurement/staged-ca.ts';
import { temporaryDirectory } from '../fixtures.ts';

const PROGRAM = fileURLToPath(new URL('replacement.mjs', import.meta.url));

const AT = new Date();
const root = await createRoot({ commonName: 'Test Root', days: 400, at: AT });
const newIntermediary = (): Promise<CaIdentity> =>
  createIntermediary({
    ...{ root, commonName: 'Test prod1', permittedDomains: ['prod1.example.com'] },
    ...{ days: 365, at: AT },
  });
const intermediary = await newIntermediary();
const successor = await newIntermediary();
const pem = (der: Uint8Array): string => encodePem('CERTIFICATE', der);

/** A machine's files, and those that are to take their place. */
async function machine(): Promise<{ readonly directory: string; readonly places: typeof PLACES }> {
  const directory = await temporaryDirectory();
  const write = (name: string, { certificate, privateKey }: CaIdentity): void => {
    writeFileSync(join(directory, `${name}.pem`), pem(certificate));
    writeFileSync(join(directory, `${name}.key`), encodePrivateKey(privateKey), { mode: 0o600 });
  };
  write('ca', intermediary);
  write('new', successor);
  const [certFile, keyFile] = [join(directory, 'ca.pem'), join(directory, 'ca.key')];
  return { directory, places: { certFile, keyFile } };
}

const PLACES = { certFile: '', keyFile: '' };

/** Whose files they are: key and certificate are those of one, and both can be used. */
function inForce({ certFile, keyFile }: typeof PLACES): 'old' | 'new' {
  const { certificate } = loadIssuer({
    certificatePem: readFileSync(certFile, 'utf8'),
    privateKeyPem: readFileSync(keyFile, 'utf8'),
    at: AT,
  });
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  return Buffer.compare(certificate.raw, successor.certificate) === 0 ? 'new' : 'old';
}

describe('an intermediary that is replaced', () => {
  it('is one with its key, whenever its replacement was killed', { timeout: 120_000 }, async () => {
    const whole = await machine();
    const { steps, problem } = await runKilledAt(0, PROGRAM, [whole.directory]);
    expect(problem).toBe('');
    expect(inForce(whole.places)).toBe('new');
    expect(steps).toBeGreaterThan(15);
    const outcomes: string[] = [];
    for (let at = 1; at <= steps; at += 1) {
      const { directory, places } = await machine();
      const { killed, problem: other } = await runKilledAt(at, PROGRAM, [directory]);
      expect([killed, other], `step ${String(at)}`).toEqual([true, '']);
      const finished = await finishCa(places);
      outcomes.push(`${inForce(places)}${finished ? ', finished' : ''}`);
      expect(readdirSync(directory).toSorted()).toEqual(['ca.key', 'ca.pem', 'new.key', 'new.pem']);
      expect(await finishCa(places)).toBe(false);
    }
    // Nothing goes back to what was before, and there is a point at which it has to be finished.
    expect(outcomes).toEqual(outcomes.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)));
    expect(new Set(outcomes)).toEqual(new Set(ORDER));
  });

  it('is finished when a loss of power has kept the key from being put in place', async () => {
    const { directory, places } = await machine();
    renameSync(join(directory, 'new.pem'), places.certFile);
    renameSync(join(directory, 'new.key'), `${places.keyFile}.next`);
    expect(await finishCa(places)).toBe(true);
    expect(inForce(places)).toBe('new');
  });

  it('is left alone where nothing fits', async () => {
    const { directory, places } = await machine();
    renameSync(join(directory, 'new.pem'), places.certFile);
    writeFileSync(`${places.keyFile}.next`, 'no key');
    writeFileSync(`${places.certFile}.next`, 'no certificate');
    const before = readdirSync(directory);
    expect(await finishCa(places)).toBe(false);
    expect(readdirSync(directory)).toEqual(before);
    const nowhere = join(directory, 'none');
    const missing = { certFile: join(nowhere, 'ca.pem'), keyFile: join(nowhere, 'ca.key') };
    expect(await finishCa(missing)).toBe(false);
  });

  it('stays when the files of the new one cannot be written', async () => {
    const { directory, places } = await machine();
    mkdirSync(join(directory, 'ca.pem.next'));
    const files = { certificatePem: pem(successor.certificate), keyPem: 'a key' };
    await expect(stageCa(places, files)).rejects.toThrow('ca.pem.next');
    expect(readdirSync(directory)).not.toContain('ca.key.next');
    expect(inForce(places)).toBe('old');
  });
});

/** In which a replacement comes to these ends. */
const ORDER = ['old', 'new, finished', 'new'];
