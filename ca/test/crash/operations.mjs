// SPDX-License-Identifier: Apache-2.0
// Operations on the directory of a CA whose root key is not encrypted.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePrivateKey } from '@proofgate/ca';
import { createKeyPair } from '@proofgate/ca/authorities';
import {
  abandonRotation,
  activateRotation,
  issueIntermediary,
  makeCurrent,
  openOperatorCa,
  prepareRotation,
  publishRevocations,
  retireRotation,
  revokeCertificate,
  writeGeneration,
} from '@proofgate/ca/operator';
import { decodePem, encodePem } from '@proofgate/evidence';

const at = new Date('2026-11-20T09:30:42Z');

/** @typedef {import('@proofgate/ca/operator').OperatorCa} OperatorCa */
/** @typedef {import('@proofgate/ca/authorities').CaIdentity} CaIdentity */

/** @type {Record<string, (ca: OperatorCa, directory: string, root: CaIdentity) => Promise<unknown>>} */
const OPERATIONS = {
  begin: () => Promise.resolve(),
  async issue(ca, directory, root) {
    const { publicKey, privateKey } = await createKeyPair('P-256');
    const issued = await issueIntermediary(ca, {
      ...{ root, publicKey, at, days: 365, key: 'generated', commonName: 'Test prod1' },
      permittedDomains: ['prod1.example.com'],
    });
    await writeGeneration(directory, {
      serial: issued.serial,
      certificatePem: encodePem('CERTIFICATE', issued.certificate),
      keyPem: encodePrivateKey(privateKey),
    });
    await makeCurrent(directory, issued.serial);
  },
  prepare: (ca, out, root) => prepareRotation(ca, { out, root, keyType: 'P-256', days: 365, at }),
  activate: (ca, out) => activateRotation(ca, out, at),
  abandon: (ca, out) => abandonRotation(ca, out, at),
  retire: (ca, out) => retireRotation(ca, out, at),
  revoke: (ca) => {
    const [serial = ''] = ca.state().issued.keys();
    return revokeCertificate(ca, { serial, reason: 'keyCompromise', at });
  },
  crl: (ca, _, root) => publishRevocations(ca, { root, days: 30, at }),
};

/**
 * @param {string} name of the operation
 * @param {string} directory of the CA, and of the machine's intermediary
 */
export async function operate(name, directory) {
  const text = (/** @type {string} */ file) => readFileSync(join(directory, file), 'utf8');
  const root = {
    certificate: decodePem(text('root.pem'), 'CERTIFICATE')[0] ?? new Uint8Array(),
    privateKey: createPrivateKey(text('root.key')),
  };
  const ca = await openOperatorCa(directory, at);
  try {
    await OPERATIONS[name]?.(ca, directory, root);
  } finally {
    await ca.close();
  }
}
