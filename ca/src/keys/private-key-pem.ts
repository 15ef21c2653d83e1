// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decodePem } from '@proofgate/evidence';
import { CaError } from '../errors.ts';

/** What opens an encrypted private key. A caller reads it from a file, the environment or a prompt. */
export type Passphrase = string | Uint8Array;

/** A P-384 key encrypted with the largest parameters in use stays below 1 KiB; EC PARAMETERS may stand beside it. */
const MAX_KEY_FILE_CHARACTERS = 16_384;

/** RFC 7468, sections 10, 11 and RFC 5915, section 4: the labels a private key goes by. */
const KEY_LABELS = ['PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'] as const;
type KeyLabel = (typeof KEY_LABELS)[number];

const CONVERT = 'convert it with `openssl pkcs8 -topk8 -in old.key -out new.key`';

/**
 * Reads the one private key of a PEM text: PKCS#8, encrypted PKCS#8 or SEC1. `EC PARAMETERS`, which
 * OpenSSL writes in front of a SEC1 key, are ignored: the key names its curve itself.
 *
 * @param pem - the text of the key file
 * @param passphrase - needed exactly when the key is encrypted
 * @throws CaError `ERR_CA_KEY_UNREADABLE`, `ERR_CA_PASSPHRASE_MISSING`, `ERR_CA_PASSPHRASE_WRONG`
 */
export function readPrivateKey(pem: string, passphrase?: Passphrase): KeyObject {
  const label = keyLabel(pem);
  const der = keyBytes(pem, label);
  if (label === 'ENCRYPTED PRIVATE KEY') return openPrivateKey(der, passphrase);
  try {
    return createPrivateKey({
      key: der,
      format: 'der',
      type: label === 'EC PRIVATE KEY' ? 'sec1' : 'pkcs8',
    });
  } catch (cause) {
    throw unreadable(`the ${label} block holds no key that OpenSSL can read`, CONVERT, cause);
  }
}

function keyLabel(pem: string): KeyLabel {
  if (pem.length > MAX_KEY_FILE_CHARACTERS) {
    throw unreadable(`the private key file has ${String(pem.length)} characters`, CONVERT);
  }
  const labels = [...pem.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----/gm)].map((match) => match[1]);
  const found = KEY_LABELS.filter((label) => labels.includes(label));
  const label = found[0];
  if (label === undefined || found.length > 1) {
    const seen = labels.length === 0 ? 'no PEM block' : labels.join(', ');
    throw unreadable(`the private key file holds ${seen}`, CONVERT);
  }
  return label;
}

function keyBytes(pem: string, label: KeyLabel): Buffer {
  let blocks: Uint8Array[];
  try {
    blocks = decodePem(pem, label);
  } catch (cause) {
    throw unreadable(`the ${label} block is not strict PEM`, CONVERT, cause);
  }
  const block = blocks[0];
  if (block === undefined || blocks.length > 1) {
    throw unreadable(`the private key file holds ${String(blocks.length)} keys`, CONVERT);
  }
  return Buffer.from(block);
}

function openPrivateKey(der: Buffer, passphrase: Passphrase | undefined): KeyObject {
  if (passphrase === undefined) {
    throw new CaError('ERR_CA_PASSPHRASE_MISSING', 'the private key is encrypted', {
      hint: 'name a passphrase file, set the environment variable or answer the prompt',
    });
  }
  try {
    const secret = typeof passphrase === 'string' ? passphrase : Buffer.from(passphrase);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase: secret });
  } catch (cause) {
    // A wrong passphrase and a damaged ciphertext look alike: neither decrypts to a key.
    throw new CaError('ERR_CA_PASSPHRASE_WRONG', 'the passphrase does not open the private key', {
      hint: 'check for a line break at the end of the passphrase file, and that the key is whole',
      cause,
    });
  }
}

function unreadable(message: string, hint: string, cause?: unknown): CaError {
  return new CaError('ERR_CA_KEY_UNREADABLE', message, {
    expected: `one block of ${KEY_LABELS.join(' or ')}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
