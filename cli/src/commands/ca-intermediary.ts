// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { encodePrivateKey } from '@proofgate/ca';
import type { IntermediaryOptions, KeyType } from '@proofgate/ca/authorities';
import type { OperatorCa } from '@proofgate/ca/operator';
import { decodePem, encodePem, sha256, toHex } from '@proofgate/evidence';

import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { readBytes } from '../input/input-file.ts';
import { withCa } from '../input/open-ca.ts';
import { readRootAuthority } from '../input/root-authority.ts';
import { checkAbsent, writeNewFiles } from '../output/new-files.ts';
import { table } from '../output/table.ts';

/** Options of `proofgate ca intermediary`. */
export interface CaIntermediaryOptions {
  readonly dir: string;
  /** Default: {@link CaIntermediaryOptions.dir}. */
  readonly out?: string;
  readonly domain: readonly [string, ...string[]];
  readonly ip: readonly string[];
  readonly crlUrl: readonly string[];
  readonly name?: string;
  readonly keyType: KeyType;
  readonly days: number;
  /** Certificate request of a machine that keeps its key; without it a key is made. */
  readonly csr?: string;
  readonly passphraseFile?: string;
}

/**
 * Makes the intermediary of one machine from the root in `--dir`: path length 0 and critical name constraints, so that
 * whoever holds its key can sign for that machine's names and nothing else.
 */
export async function caIntermediary(
  options: CaIntermediaryOptions,
  context: CommandContext,
): Promise<void> {
  const directory = options.out ?? options.dir;
  const files = {
    key: join(directory, 'intermediary.key'),
    pem: join(directory, 'intermediary.pem'),
  };
  const made = options.csr === undefined ? [files.key, files.pem] : [files.pem];
  await checkAbsent(made);
  const request = options.csr === undefined ? undefined : await readRequest(options.csr);
  const template: IntermediaryOptions = {
    root: await readRootAuthority(options, context),
    commonName: options.name ?? `Proofgate intermediary ${options.domain[0]}`,
    permittedDomains: options.domain,
    permittedIps: options.ip,
    crlUrls: options.crlUrl,
    days: options.days,
    at: context.now(),
  };
  const certificate = await withCa(options.dir, context, async (ca) => {
    // Once more, now that nobody else works here: another command may have made them meanwhile.
    await checkAbsent(made);
    return request === undefined
      ? issueWithKey(ca, template, options.keyType, directory)
      : issueForRequest(ca, template, request, files.pem);
  });
  context.terminal.out(
    table([
      ['intermediary', files.pem],
      ['key', request === undefined ? files.key : 'with whoever made the request'],
      ['permitted', [...options.domain, ...options.ip].join(', ')],
      ['sha256', toHex(sha256(certificate))],
    ]),
  );
}

async function issueWithKey(
  ca: OperatorCa,
  template: IntermediaryOptions,
  keyType: KeyType,
  out: string,
): Promise<Uint8Array> {
  const { createKeyPair } = await import('@proofgate/ca/authorities');
  const { issueIntermediary, makeCurrent, writeGeneration } =
    await import('@proofgate/ca/operator');
  const { publicKey, privateKey } = await createKeyPair(keyType);
  const issued = await issueIntermediary(ca, { ...template, publicKey, key: 'generated' });
  await writeGeneration(out, {
    serial: issued.serial,
    certificatePem: encodePem('CERTIFICATE', issued.certificate),
    keyPem: encodePrivateKey(privateKey),
  });
  await makeCurrent(out, issued.serial);
  return issued.certificate;
}

async function issueForRequest(
  ca: OperatorCa,
  template: IntermediaryOptions,
  request: Uint8Array,
  path: string,
): Promise<Uint8Array> {
  const { readCertificateRequest } = await import('@proofgate/ca/authorities');
  const { issueIntermediary } = await import('@proofgate/ca/operator');
  const publicKey = readCertificateRequest(request);
  const { certificate } = await issueIntermediary(ca, { ...template, publicKey, key: 'requested' });
  const content = encodePem('CERTIFICATE', certificate);
  await writeNewFiles(join(path, '..'), [{ path, content, mode: 0o644 }]);
  return certificate;
}

/** PEM, or the DER itself. */
async function readRequest(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.includes('-----BEGIN')) return bytes;
  try {
    const [request, ...others] = decodePem(text, 'CERTIFICATE REQUEST');
    if (request !== undefined && others.length === 0) return request;
  } catch (cause) {
    throw new CliError('ERR_CLI_FILE', `${path} holds no readable certificate request`, { cause });
  }
  throw new CliError('ERR_CLI_FILE', `${path} holds more than one certificate request`);
}
