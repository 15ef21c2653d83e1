// SPDX-License-Identifier: Apache-2.0
import { loadIssuer } from '@proofgate/ca';
import {
  CodedError,
  decodePem,
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
 * Checks an intermediary that is to take the place of the present one: everything that issuing with it takes, the same
 * name, the same limits and the same CA above it, valid for no shorter, and with the key that belongs to it.
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
  const certificate = issuingCertificate(files, at);
  const before = readPresent(present);
  demandSame('name', nameOf(before), nameOf(certificate));
  demandSame('CA above it', signerOf(before), signerOf(certificate));
  demandSame('name constraints', limitsOf(before), limitsOf(certificate));
  const { notAfter } = certificate;
  if (notAfter < before.notAfter) {
    const expected = `an end at ${before.notAfter.toISOString()} or later`;
    throw refused('the new CA ends before the present one', expected, notAfter.toISOString());
  }
  return {
    certificate,
    caCertFile: utf8(files.certificatePem),
    caSpkiSha256: toHex(sha256(certificate.spki)),
  };
}

/** By the code that the proxy issues with: what it refuses must never be measured. */
function issuingCertificate(
  { certificatePem, keyPem }: { readonly certificatePem: string; readonly keyPem: string },
  at: Date,
): Certificate {
  try {
    return loadIssuer({ certificatePem, privateKeyPem: keyPem, at }).certificate;
  } catch (cause) {
    // Its messages are about the certificate; what a library says of a key is only in their causes.
    const coded = isCoded(cause) ? cause : undefined;
    const message = `the new CA cannot issue: ${coded?.message ?? 'it cannot be read'}`;
    throw new LauncherError(
      'ERR_LAUNCHER_CA_INVALID',
      message,
      coded === undefined ? {} : { seen: coded.code },
    );
  }
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof CodedError;
}

function demandSame(what: string, expected: string, seen: string): void {
  if (seen !== expected) throw refused(`the new CA has another ${what}`, expected, seen);
}

function nameOf({ subject }: Certificate): string {
  return subject.text;
}

/** By key, not by name alone: anybody can give a CA any name. */
function signerOf({ issuer, authorityKeyId }: Certificate): string {
  return `${issuer.text} ${authorityKeyId === undefined ? '' : toHex(authorityKeyId)}`;
}

/** Everything that limits for whom a CA may sign, in one line. */
function limitsOf({ nameConstraints, basicConstraints }: Certificate): string {
  const sides = (['permitted', 'excluded'] as const).map((side) => {
    const { dns = [], ip = [], others = 0 } = nameConstraints?.[side] ?? {};
    const subtrees = [...dns.toSorted(), ...ip.map(toHex).toSorted()];
    const named = subtrees.length === 0 ? 'nothing' : subtrees.join(', ');
    return `${side} ${named} and ${String(others)} others`;
  });
  const depth = basicConstraints?.pathLength;
  return [...sides, `path length ${depth === undefined ? 'any' : String(depth)}`].join('; ');
}

function readPresent(pem: Uint8Array): Certificate {
  try {
    const [der] = decodePem(fromUtf8(pem), 'CERTIFICATE');
    if (der === undefined) throw new Error('no certificate in it');
    return parseCertificate(der);
  } catch (cause) {
    throw new LauncherError('ERR_LAUNCHER_CA_INVALID', 'the present CA is not a PEM certificate', {
      cause,
    });
  }
}

function refused(message: string, expected: string, seen: string): LauncherError {
  return new LauncherError('ERR_LAUNCHER_CA_INVALID', message, { expected, seen });
}
