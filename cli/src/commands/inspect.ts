// SPDX-License-Identifier: Apache-2.0
import {
  EvidenceError,
  parseAuditManifest,
  parseCcel,
  parseCertificate,
  parsePckExtension,
  decodePem,
  parseQuote,
  parseSnpReport,
  readAttestationExtensions,
  replayEvents,
  tdAttributeFlags,
  type AttestationDocument,
  type Quote,
} from '@proofgate/evidence';
import { VerifierError } from '@proofgate/verifier';
import { connectTls, fetchAttestationDocument } from '@proofgate/verifier/node';

import type { CommandContext } from '../context.ts';
import { progressOn, type Progress } from '../input/progress.ts';
import { authorityOf, readTarget, type Target } from '../input/target.ts';
import { describeCertificate } from '../output/describe-certificate.ts';
import { flatten, plainData, type PlainData } from '../output/plain-data.ts';
import { jsonText, printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import { paint } from '../output/terminal.ts';

/** Options of `proofgate inspect`. */
export interface InspectOptions {
  readonly json?: boolean;
}

/** Sections of what was found, each a heading and its data. */
type Sections = Readonly<Record<string, PlainData>>;

/** Shows what is written in a target. Judges nothing. */
export async function inspect(
  name: string,
  options: InspectOptions,
  { terminal }: CommandContext,
): Promise<void> {
  const progress = progressOn(terminal, options.json);
  const sections = await describeTarget(await readTarget(name), progress);
  if (options.json === true) {
    terminal.out(jsonText(sections));
    return;
  }
  const text = Object.entries(sections).map(([heading, data]) => {
    const rows = flatten(data).map((row) => row.map(printable));
    return `${paint(terminal, 'bold', heading)}\n${table(rows, '  ')}`;
  });
  terminal.out(`${text.join('\n\n')}\n\nShown as found: nothing here has been checked.`);
}

async function describeTarget(target: Target, progress: Progress): Promise<Sections> {
  switch (target.kind) {
    case 'host':
      return describeHost(target, progress);
    case 'certificate':
      return describeChain(target.chain);
    case 'quote':
      return { quote: describeQuote(target.bytes) };
    case 'snp-report':
      return { 'SNP report': describeSnpReport(target.bytes) };
    case 'event-log':
      return { 'event log': describeEventLog(target.bytes) };
    case 'document':
      return { document: describeDocument(target.document) };
  }
}

async function describeHost(
  target: Extract<Target, { kind: 'host' }>,
  progress: Progress,
): Promise<Sections> {
  progress(`connecting to ${authorityOf(target)}`);
  const { socket, chain } = await connectTls({ host: target.host, port: target.port });
  try {
    const document = await fetchAttestationDocument(socket, { host: authorityOf(target) }).then(
      describeDocument,
      withoutDocument,
    );
    return { ...describeChain(chain), document };
  } finally {
    socket.destroy();
  }
}

/** What the certificate says is worth showing whatever became of the document. */
function withoutDocument(error: unknown): PlainData {
  if (!(error instanceof VerifierError || error instanceof EvidenceError)) throw error;
  return plainData({ code: error.code, message: error.message, seen: error.seen });
}

function describeChain(chain: readonly Uint8Array[]): Sections {
  const certificates = chain.map((der) => parseCertificate(der));
  const sections: Record<string, PlainData> = {};
  certificates.forEach((certificate, index) => {
    sections[`certificate ${String(index)}`] = plainData(describeCertificate(certificate));
  });
  const [leaf] = certificates;
  const quote = leaf === undefined ? undefined : readAttestationExtensions(leaf).quote;
  if (quote === undefined) return sections;
  if (quote.kind === 'snp') sections['SNP report'] = describeSnpReport(quote.bytes);
  else sections['quote'] = describeQuote(quote.bytes);
  return sections;
}

function describeQuote(bytes: Uint8Array): PlainData {
  const quote = parseQuote(bytes);
  return plainData({
    kind: quote.kind,
    version: quote.version,
    header: quote.header,
    body: quote.body,
    ...(quote.kind === 'tdx' ? { attributes: tdAttributeFlags(quote.body) } : {}),
    qeReport: quote.signature.qeReport,
    platform: describePck(quote),
    trailingBytes: quote.trailingBytes,
  });
}

function describePck(quote: Quote): unknown {
  const [pck] = decodePem(quote.signature.certificateChainPem, 'CERTIFICATE');
  return pck === undefined ? undefined : parsePckExtension(parseCertificate(pck));
}

function describeSnpReport(bytes: Uint8Array): PlainData {
  return plainData(parseSnpReport(bytes));
}

function describeEventLog(bytes: Uint8Array): PlainData {
  const events = parseCcel(bytes);
  return plainData({
    events: events.map(({ register, type, sha384 }) => ({ register, type, sha384 })),
    registers: replayEvents(events),
  });
}

/** The document without its long encodings, which are shown as what they contain. */
function describeDocument(document: AttestationDocument): PlainData {
  const { host, tee, simulated, quoteTime, eventLog, manifests, ccel, collateral } = document;
  return plainData({
    host,
    tee,
    simulated,
    quoteTime,
    eventLog,
    manifests: Object.fromEntries(
      Object.entries(manifests).map(([name, bytes]) => [name, parseAuditManifest(bytes)]),
    ),
    firmwareEventLog: ccel !== undefined,
    collateral: collateral !== undefined,
  });
}
