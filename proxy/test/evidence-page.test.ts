// SPDX-License-Identifier: Apache-2.0
import {
  asReportData,
  decodePem,
  encodeAttestationDocument,
  formatQuoteTime,
  type AttestationDocument,
} from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidencePage } from '../src/evidence/page/evidence-page.ts';
import { html } from '../src/evidence/page/html.ts';
import { ask, target } from './https-client.ts';
import { testIdentity } from './test-identity.ts';
import { startWorker, type TestWorker } from './test-worker.ts';

const APP = 'app.example.com';
const HOSTILE = `"><script>alert(1)</script>'&\u202e\u0000`;

/** A document as the primary makes it, with what an attacker may have got into it. */
async function documentWith(change: Partial<AttestationDocument>): Promise<AttestationDocument> {
  return {
    version: 1,
    host: APP,
    tee: 'tdx',
    simulated: false,
    certificateChain: decodePem(testIdentity(APP, 0).chain, 'CERTIFICATE'),
    quote: await createSimulatedPlatform().quote(asReportData(new Uint8Array(64))),
    quoteTime: formatQuoteTime(new Date()),
    eventLog: [],
    manifests: {},
    ...change,
  };
}

const textOf = ({ body }: { readonly body: Uint8Array }): string => Buffer.from(body).toString();

describe('a template', () => {
  it('takes everything but HTML for text', () => {
    expect(html`<a title="${HOSTILE}">${[html`<b>${1}</b>`, HOSTILE]}</a>`.text).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\ufffd\ufffd">' +
        '<b>1</b>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;\ufffd\ufffd</a>',
    );
  });
});

describe('the page', () => {
  it('says what is proved and what is not, and how to check it', async () => {
    const text = textOf(evidencePage(await documentWith({}), `${APP}:8443`)).replace(/\s+/g, ' ');
    expect(text).toContain('This page is not the proof.');
    expect(text).toContain('What it does not prove');
    expect(text).toContain(`proofgate verify https://${APP}:8443 --ca root.pem`);
    expect(text).not.toContain('Simulated.');
    expect(text).not.toContain('<script');
  });

  it('says first when the platform is simulated', async () => {
    const text = textOf(evidencePage(await documentWith({ simulated: true }), APP));
    expect(text).toContain('<strong>Simulated.</strong>');
  });

  it('shows values of all kinds as text', async () => {
    const document = await documentWith({
      host: HOSTILE,
      quoteTime: HOSTILE,
      eventLog: [
        {
          type: 'proofgate.workload.load',
          name: HOSTILE,
          image_ref: HOSTILE,
          image_digest: HOSTILE,
          config_root: HOSTILE,
          spec_digest: HOSTILE,
        },
      ],
    });
    const text = textOf(evidencePage(document, HOSTILE));
    expect(text).not.toContain('<script');
    expect(text).not.toContain('\u202e');
    expect(text.split('&lt;script&gt;').length).toBeGreaterThan(10);
  });

  it('cuts long lists', async () => {
    const event = { type: 'proofgate.ca', ca_spki_sha256: '00' } as const;
    const document = await documentWith({ eventLog: Array(4_000).fill(event) });
    const { body } = evidencePage(document, APP);
    expect(body.length).toBeLessThan(100_000);
    expect(textOf({ body })).toContain('and 3800 more');
  });
});

describe('a host', () => {
  let worker: TestWorker;
  beforeAll(async () => {
    const document = Buffer.from(encodeAttestationDocument(await documentWith({})));
    worker = await startWorker([{ hostname: APP, upstream: 'http://127.0.0.1:1', document }]);
  });
  afterAll(() => worker.close());

  const get = (accept: string | undefined, more: object = {}) =>
    ask(
      target(worker.port, APP, {
        path: '/.well-known/attestation',
        headers: accept === undefined ? {} : { accept },
        ...more,
      }),
    );

  it('gives the page to those who prefer it, under a policy that lets nothing in', async () => {
    const page = await get('text/html,application/xhtml+xml,*/*;q=0.8');
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(page.body).toContain('<!doctype html>');
    for (const accept of [undefined, '*/*', 'application/json', 'text/html;q=0.1, */*']) {
      const { headers } = await get(accept);
      expect(headers).toMatchObject({ 'content-type': 'application/json', vary: 'Accept' });
    }
  });

  it('answers HEAD as GET, without content', async () => {
    for (const accept of ['text/html', 'application/json']) {
      const [whole, head] = [await get(accept), await get(accept, { method: 'HEAD' })];
      expect(head.body).toBe('');
      const { date: _one, ...wanted } = whole.headers;
      const { date: _other, ...seen } = head.headers;
      expect(seen).toEqual(wanted);
    }
  });
});
