// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { createKeyPair, type CaIdentity } from '@proofgate/ca/authorities';
import {
  issueIntermediary,
  openOperatorCa,
  type IssuedIntermediary,
  type OperatorCa,
} from '@proofgate/ca/operator';
import { AT, pem, root } from './pki.ts';

const made: string[] = [];

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
});

/** An empty directory that is gone after the test. */
export function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'proofgate-ca-'));
  made.push(directory);
  return directory;
}

/** The directory of a CA, whose root is the test root unless given. */
export function caDirectory({ certificate }: Pick<CaIdentity, 'certificate'> = root): string {
  const directory = emptyDirectory();
  writeFileSync(join(directory, 'root.pem'), pem(certificate));
  return directory;
}

/** Opens a CA, works with it and closes it. */
export async function withCa<T>(
  directory: string,
  work: (ca: OperatorCa) => Promise<T>,
  at = AT,
): Promise<T> {
  const ca = await openOperatorCa(directory, at);
  try {
    return await work(ca);
  } finally {
    await ca.close();
  }
}

/** Issues an intermediary for a new key. */
export async function issueOne(
  ca: OperatorCa,
  domain = 'prod1.example.com',
): Promise<IssuedIntermediary> {
  const { publicKey } = await createKeyPair('P-256');
  return issueIntermediary(ca, {
    root,
    publicKey,
    commonName: `Test ${domain}`,
    permittedDomains: [domain],
    days: 365,
    at: AT,
    key: 'generated',
  });
}
