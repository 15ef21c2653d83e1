// SPDX-License-Identifier: Apache-2.0
import {
  describeOid,
  isDebugTd,
  loadedWorkloads,
  parseAuditManifest,
  parseCertificate,
  parseQuote,
  parseSnpReport,
  readAttestationExtensions,
  sha256,
  toHex,
  type AttestationDocument,
  type ExtensionValue,
} from '@proofgate/evidence';
import { html, type Html, type HtmlPart } from './html.ts';

/** Longer lists are in the document; a page of them helps nobody. */
const MAX_ROWS = 200;

/** Longer values likewise. */
const MAX_VALUE_CHARACTERS = 200;

type Row = readonly [label: string, ...values: HtmlPart[]];

/** What the hardware measured and signed. */
export function measurementTable(document: AttestationDocument): Html {
  return factTable([
    ['TEE', teeName(document)],
    ...measured(document),
    ['quote made', document.quoteTime],
  ]);
}

function measured({ tee, quote: bytes }: AttestationDocument): Row[] {
  if (tee === 'sev-snp') {
    const report = parseSnpReport(bytes);
    return [
      ['launch measurement', hex(report.measurement)],
      ['report data', hex(report.reportData)],
      ['open for debugging', report.policy.debug ? 'yes: the host can read its memory' : 'no'],
    ];
  }
  const quote = parseQuote(bytes);
  if (quote.kind !== 'tdx') return [];
  const { body } = quote;
  const meanings = [
    'virtual hardware',
    'boot loader, kernel',
    'kernel command line, initial file system',
    'what was loaded since the start',
  ];
  return [
    ['MRTD (firmware)', hex(body.mrTd)],
    ...body.rtmr.map((value, index): Row => [
      `RTMR${index} (${meanings[index] ?? ''})`,
      hex(value),
    ]),
    ['report data', hex(body.reportData)],
    ['open for debugging', isDebugTd(body) ? 'yes: the host can read its memory' : 'no'],
  ];
}

/** The name of a kind of TEE. */
export function teeName({
  tee,
  simulated,
}: Pick<AttestationDocument, 'tee' | 'simulated'>): string {
  const name = tee === 'tdx' ? 'Intel TDX' : 'AMD SEV-SNP';
  return simulated ? `${name}, simulated in software` : name;
}

/** What runs, as the event log says. */
export function workloadTable({ eventLog }: AttestationDocument): Html {
  const loaded = loadedWorkloads(eventLog);
  if (loaded.length === 0) return html`<p>The event log names no workloads.</p>`;
  return listTable(
    ['name', 'image', 'digest'],
    loaded.map(({ name, imageRef, imageDigest }) => [name, imageRef, hexText(imageDigest)]),
  );
}

/** The certificate of the connection, and what its issuer says in it. */
export function certificateTable({ certificateChain }: AttestationDocument): Html {
  const [leaf] = certificateChain;
  if (leaf === undefined) return html``;
  const certificate = parseCertificate(leaf);
  const { values } = readAttestationExtensions(certificate);
  return factTable([
    ['issued by', certificate.issuer.text],
    ['valid', `${minute(certificate.notBefore)} to ${minute(certificate.notAfter)}`],
    ['SHA-256 of its key', hex(sha256(certificate.spki))],
    ...values.map((value): Row => [extensionName(value), hexText(extensionText(value))]),
  ]);
}

function extensionName({ oid }: ExtensionValue): string {
  const name = describeOid(oid)?.name ?? 'unknown';
  return name === 'application value' ? `${name} ${oid.slice(oid.indexOf('.3.5.') + 1)}` : name;
}

function extensionText({ oid, value }: ExtensionValue): string {
  const text = describeOid(oid)?.encoding === 'text' ? Buffer.from(value).toString() : toHex(value);
  return text.length > MAX_VALUE_CHARACTERS ? `${text.slice(0, MAX_VALUE_CHARACTERS)}…` : text;
}

/** The leaves behind a configuration root. */
export function manifestTable(manifest: Uint8Array): Html {
  const { root, leaves } = parseAuditManifest(manifest);
  return html`<p>Root <code>${toHex(root)}</code></p>
    ${listTable(
      ['leaf', 'SHA-256'],
      leaves.map(({ name, hash }) => [name, hex(hash)]),
    )}`;
}

/** What was measured after the start, in its order. */
export function eventTable({ eventLog }: AttestationDocument): Html {
  if (eventLog.length === 0) return html`<p>Nothing was logged: RTMR3 speaks for itself.</p>`;
  return listTable(
    ['event', 'what it says'],
    eventLog.map(({ type, ...members }) => [
      type,
      Object.entries(members).map(([name, value]) => html`${name} ${hexText(String(value))}<br />`),
    ]),
  );
}

function factTable(rows: readonly Row[]): Html {
  return html`<div class="table facts">
    <table>
      <tbody>
        ${rows.map(
          ([label, value = '']) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td class="wide">${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function listTable(titles: readonly string[], rows: readonly (readonly HtmlPart[])[]): Html {
  const left = rows.length - MAX_ROWS;
  return html`<div class="table list">
      <table>
        <thead>
          <tr>
            ${titles.map((title) => html`<th scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MAX_ROWS).map(
            (row) =>
              html`<tr>
                ${row.map((cell) => html`<td class="wide">${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${left > 0 ? html`<p class="more">and ${left} more, which the JSON document has</p>` : ''}`;
}

function hex(bytes: Uint8Array): Html {
  return hexText(toHex(bytes));
}

function hexText(text: string): Html {
  return html`<code>${text}</code>`;
}

function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16)}Z`;
}
