// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  decodePem,
  equalBytes,
  fromUtf8,
  parseCertificate,
  sha256,
  toHex,
  utf8,
  type Certificate,
} from '@proofgate/evidence';
import { LauncherError } from '../errors.ts';

/** An intermediary that may take the place of the present one. */
export interface ReplacementCa {
  readonly certificate: Certificate;
  /** As the platform tree commits to it. */
  readonly caCertFile: Uint8Array;
  /** SHA-256 in hex over its public key. */
  readonly caSpkiSha256: string;
}

/**
 * Checks an intermediary that is to take the place of the present one: a CA with the same name and the same domains,
 * valid now and for no shorter, and with the key that belongs to it. The proxy, which issues with it, checks more.
 *
 * @param files - of the new one, PEM
 * @param present - CA file of the present one
 * @param at - now
 * @throws LauncherError ERR_LAUNCHER_CA_INVALID
 */
export function checkReplacementCa(
  files: { readonly certificatePem: string; readonly keyPem: string },
  present: Uint8Array,
  at: Date,
): ReplacementCa {
  const certificate = readFirst(files.certificatePem, 'the new CA');
  const { commonName } = certificate.subject;
  if (certificate.basicConstraints?.ca !== true) {
    throw refused('the new certificate is not that of a CA', 'basicConstraints with ca', 'none');
  }
  const before = readFirst(fromUtf8(present), 'the present CA');
  const { commonName: name } = before.subject;
  if (commonName === undefined || commonName !== name) {
    throw refused('the new CA has another name', name ?? 'one common name', commonName ?? 'none');
  }
  checkConstraints(certificate, before);
  const { notBefore, notAfter } = certificate;
  if (notAfter < before.notAfter) {
    const expected = `an end at ${before.notAfter.toISOString()} or later`;
    throw refused('the new CA ends before the present one', expected, notAfter.toISOString());
  }
  if (at < notBefore || at > notAfter) {
    const valid = `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
    throw refused('the new CA is not valid now', valid, at.toISOString());
  }
  if (!equalBytes(publicKeyOf(files.keyPem), certificate.spki)) {
    throw refused('the key is not that of the new CA', toHex(sha256(certificate.spki)), 'another');
  }
  return {
    certificate,
    caCertFile: utf8(files.certificatePem),
    caSpkiSha256: toHex(sha256(certificate.spki)),
  };
}

/** What the present CA may not sign for, its successor may not either; and it must do for the same hosts. */
function checkConstraints(next: Certificate, present: Certificate): void {
  if (present.nameConstraints === undefined) return;
  const expected = domainsOf(present);
  if (next.nameConstraints === undefined || domainsOf(next) !== expected) {
    const seen = next.nameConstraints === undefined ? 'none' : domainsOf(next);
    throw refused('the new CA has other name constraints', expected, seen);
  }
}

function domainsOf({ nameConstraints }: Certificate): string {
  const domains = nameConstraints?.permitted.dns ?? [];
  return domains.length === 0 ? 'no domains' : domains.toSorted().join(', ');
}

function readFirst(pem: string, what: string): Certificate {
  try {
    const [der] = decodePem(pem, 'CERTIFICATE');
    if (der === undefined) throw new Error('no certificate in it');
    return parseCertificate(der);
  } catch (cause) {
    throw new LauncherError('ERR_LAUNCHER_CA_INVALID', `${what} is not a PEM certificate`, {
      cause,
    });
  }
}

function publicKeyOf(keyPem: string): Uint8Array {
  try {
    const key = createPublicKey(createPrivateKey(keyPem));
    return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
  } catch {
    // What the library says about a key is not for anybody's eyes.
    throw refused('the key cannot be read', 'an unencrypted private key in PEM', 'something else');
  }
}

function refused(message: string, expected: string, seen: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_CA_INVALID', message, { expected, seen });
}
