// SPDX-License-Identifier: Apache-2.0
import {
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
import { connectTls, fetchAttestationDocument } from '@proofgate/verifier/node';

import type { CommandContext } from '../context.ts';
import { describeCertificate } from '../describe-certificate.ts';
import { flatten, plainData, type PlainData } from '../plain-data.ts';
import { printable, table } from '../table.ts';
import { readTarget, type Target } from '../target.ts';
import { paint } from '../terminal.ts';

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
  const sections = await describeTarget(await readTarget(name));
  if (options.json === true) {
    terminal.out(JSON.stringify(sections, null, 2));
    return;
  }
  const text = Object.entries(sections).map(([heading, data]) => {
    const rows = flatten(data).map((row) => row.map(printable));
    return `${paint(terminal, 'bold', heading)}\n${table(rows, '  ')}`;
  });
  terminal.out(`${text.join('\n\n')}\n\nShown as found: nothing here has been checked.`);
}

async function describeTarget(target: Target): Promise<Sections> {
  switch (target.kind) {
    case 'host':
      return describeHost(target.host, target.port);
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

async function describeHost(host: string, port: number): Promise<Sections> {
  const { socket, chain } = await connectTls({ host, port });
  try {
    const document = await fetchAttestationDocument(socket, { host }).catch(() => undefined);
    return {
      ...describeChain(chain),
      ...(document === undefined ? {} : { document: describeDocument(document) }),
    };
  } finally {
    socket.destroy();
  }
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
  return pck === undefined ? null : parsePckExtension(parseCertificate(pck));
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
  const { host, tee, simulated, quoteTime, eventLog } = document;
  return plainData({ host, tee, simulated, quoteTime, eventLog });
}
