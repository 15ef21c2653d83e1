// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { AttestationDocument } from '@proofgate/evidence';
import {
  certificateTable,
  eventTable,
  manifestTable,
  measurementTable,
  teeName,
  workloadTable,
} from './evidence-tables.ts';
import { html, Html } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';

/** A page, as it is sent. */
export interface Page {
  /** Name and value by turns. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

const STYLE_HASH = createHash('sha256').update(PAGE_STYLE).digest('base64');

/** No script, no form, no frame, nothing from anywhere: what an attacker gets into a value of the page stays text. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  POLICY,
  'Referrer-Policy',
  'no-referrer',
] as const;

/**
 * The evidence of a host for people: what it says, what it does not prove, and how to check it oneself.
 *
 * @param authority the host as its visitor names it, with a port where there is one
 * @throws EvidenceError for evidence that cannot be read
 */
export function evidencePage(document: AttestationDocument, authority: string): Page {
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>Evidence of ${document.host}</title>
        ${style()}
      </head>
      <body>
        <main>
          ${introduction(document)} ${claims(document)} ${checking(authority)} ${details(document)}
        </main>
      </body>
    </html>`;
  return { headers: HEADERS, body: Buffer.from(text) };
}

/** Not through the template, which would change it. */
function style(): Html {
  return new Html(`<style>${PAGE_STYLE}</style>`);
}

function introduction(document: AttestationDocument): Html {
  const { host, simulated } = document;
  return html`<header>
      <h1>Evidence of ${host}</h1>
      <p class="lead">
        This site says that it runs in a trusted execution environment (${teeName(document)}): a
        machine that keeps even its owner out, and whose processor signs what software was started
        in it. This page shows that evidence.
      </p>
    </header>
    ${
      simulated
        ? html`<p class="notice" role="note">
            <strong>Simulated.</strong> A program signs this evidence in place of a processor. It
            proves nothing about hardware, and no verifier accepts it unless it was told to.
          </p>`
        : ''
    }
    <p class="notice" role="note">
      <strong>This page is not the proof.</strong> It comes from the site itself and could say
      anything. Believe it only after software of your own has checked the evidence, as described
      below.
    </p>`;
}

function claims({ quoteTime }: AttestationDocument): Html {
  return html`<div class="cards">
    <div class="card">
      <h2>What the evidence proves, once checked</h2>
      <ul>
        <li>
          A genuine processor of the kind that is named signed the measurements below, at
          ${quoteTime}.
        </li>
        <li>The key of this site’s certificate was made inside that environment.</li>
        <li>
          The software in it is the one that was measured, down to the workloads where the event log
          names them.
        </li>
      </ul>
    </div>
    <div class="card not">
      <h2>What it does not prove</h2>
      <ul>
        <li>
          That your connection ends in that environment: whoever stole the key could stand in
          between. Evidence of the session excludes that, and only a program can ask for it.
        </li>
        <li>
          That the software does what it should. Compare the measurements with those of software
          that you, or somebody you trust, have examined.
        </li>
        <li>That nobody has taken the processor itself apart.</li>
      </ul>
    </div>
  </div>`;
}

function checking(authority: string): Html {
  return html`<section>
    <h2>Check it yourself</h2>
    <p>
      You need the root certificate of the site’s operator (<code>root.pem</code>) and a policy that
      says which software you accept (<code>policy.json</code>), from a source that you trust. Not
      from here.
    </p>
    <pre>
proofgate verify https://${authority} --ca root.pem --policy policy.json --freshness session</pre>
    <p>
      The command connects, asks for evidence of its own connection, checks signatures, measurements
      and event log, and explains every decision. To look at the evidence without judging it:
    </p>
    <pre>proofgate inspect https://${authority}</pre>
    <p>Programs get the same as JSON:</p>
    <pre>curl --cacert root.pem https://${authority}/.well-known/attestation</pre>
  </section>`;
}

function details(document: AttestationDocument): Html {
  const { manifests, collateral, ccel } = document;
  const trees = [
    ['Configuration of the platform', manifests.platform],
    ['Configuration of the workload', manifests.workload],
  ] as const;
  return html`<section>
      <h2>Measurements</h2>
      ${measurementTable(document)}
    </section>
    <section>
      <h2>Workloads</h2>
      ${workloadTable(document)}
    </section>
    <section>
      <h2>Certificate</h2>
      ${certificateTable(document)}
    </section>
    ${trees.map(([title, manifest]) =>
      manifest === undefined
        ? ''
        : html`<section>
            <h2>${title}</h2>
            ${manifestTable(manifest)}
          </section>`,
    )}
    <section>
      <h2>Event log</h2>
      ${eventTable(document)}
    </section>
    <footer>
      <p>
        The JSON document also has the quote and the certificate
        chain${ccel === undefined ? '' : ', the firmware’s event log'}${collateral === undefined ? '' : ', and what the manufacturer says about the platform (collateral)'}.
      </p>
    </footer>`;
}
