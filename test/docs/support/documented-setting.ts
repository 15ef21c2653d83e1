// SPDX-License-Identifier: Apache-2.0
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem, toBase64, toBase64Url, toHex, utf8 } from '@proofgate/evidence';
import { serveCollateral, type SimulatedPlatform } from '@proofgate/simulator';
import { ITA_ISSUER, itaReportData } from '@proofgate/verifier/ita';
import { AMD_NOW, simulatedAmd } from '../../../verifier/test/simulated-amd.ts';
import { type DocumentedHost, startDocumentedHost, WORKLOAD } from './documented-host.ts';

/** Everything that the examples talk to and read. */
export interface DocumentedSetting {
  readonly host: DocumentedHost;
  /** Folder with the files that examples read, under the names that the pages use. */
  readonly files: string;
  /** The same files, but for policies that accept other measurements than the host's. */
  readonly refusingFiles: string;
  /** Puts the addresses and roots of this setting in place of those of the pages. */
  rewrite(text: string): string;
  close(): Promise<void>;
}

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Starts the host and the services beside it and writes the files. */
export async function startDocumentedSetting(): Promise<DocumentedSetting> {
  const host = await startDocumentedHost();
  const collateral = await serveCollateral({ platform: host.platform, port: 0 });
  const ita = await serveTokenKeys();
  const folder = mkdtempSync(join(tmpdir(), 'proofgate-docs-'));
  const common = { ...evidenceFiles(host), ...ita.files };
  const mrtd = toHex(host.platform.measurements().mrtd);
  return {
    host,
    files: writeFiles(join(folder, 'accepting'), {
      ...common,
      ...policyFiles(host.platform, mrtd),
    }),
    refusingFiles: writeFiles(join(folder, 'refusing'), {
      ...common,
      ...policyFiles(host.platform, 'ff'.repeat(48)),
    }),
    rewrite: rewriter(host, collateral.url, ita.url),
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
      await Promise.all([host.close(), collateral.close(), ita.close()]);
    },
  };
}

function rewriter(
  { port, platform }: DocumentedHost,
  collateralUrl: string,
  keysUrl: string,
): (text: string) => string {
  const host = String.raw`app\.prod1\.example\.com`;
  const root = `{ sha256: '${platform.rootSha256}' }`;
  const replacements: readonly (readonly [RegExp, string])[] = [
    [new RegExp(`\\bhost: '${host}'`, 'g'), `host: 'localhost', port: ${String(port)}`],
    [new RegExp(`\\bhostname: '${host}'`, 'g'), "hostname: 'localhost'"],
    [new RegExp(`${host}(?::443)?`, 'g'), `localhost:${String(port)}`],
    [/https:\/\/api\.trustedservices\.intel\.com/g, collateralUrl],
    [/\broot: 'intel'/g, `root: ${root}`],
    [/\(source, 'intel'\)/g, `(source, ${root})`],
    [/\bITA_JWKS_URL\.us\b/g, `'${keysUrl}'`],
    [
      // The certificates of the simulated SNP machine have fixed dates.
      /(vcek-chain\.pem[\s\S]*\bat: new Date\()\)/g,
      `$1'${AMD_NOW.toISOString()}')`,
    ],
  ];
  return (text) =>
    replacements.reduce((rewritten, [from, to]) => rewritten.replaceAll(from, to), text);
}

function writeFiles(folder: string, files: Files): string {
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

function policyFiles({ rootSha256 }: SimulatedPlatform, mrtd: string): Files {
  const evidence = {
    version: 1,
    tee: 'tdx',
    roots: `sha256:${rootSha256}`,
    measurements: { documented: { mrtd } },
  };
  return {
    'policy.json': JSON.stringify({
      ...evidence,
      workloads: { [WORKLOAD.name]: `sha256:${WORKLOAD.imageDigest}` },
      freshness: { mode: 'certificate', maxAge: 'PT24H' },
    }),
    'quote-policy.json': JSON.stringify(evidence),
    'other-policy.json': JSON.stringify({
      ...evidence,
      measurements: { other: { mrtd: '0f'.repeat(48) } },
    }),
  };
}

function evidenceFiles({ rootPem, platform, quote }: DocumentedHost): Files {
  const amd = simulatedAmd();
  return {
    'root.pem': rootPem,
    'platform-root.pem': encodePem('CERTIFICATE', platform.rootCertificate),
    'quote.bin': quote,
    'collateral.json': JSON.stringify(platform.collateral()),
    'report.bin': amd.report,
    'vcek-chain.pem': amd.endorsements.chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
    'snp-policy.json': JSON.stringify({
      version: 1,
      tee: 'sev-snp',
      roots: `sha256:${amd.root.sha256}`,
    }),
  };
}

/** Stands in for Intel Trust Authority: makes a token, and serves the key that it is signed with. */
async function serveTokenKeys(): Promise<{
  readonly url: string;
  readonly files: Files;
  close(): Promise<void>;
}> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'documented', alg: 'PS384' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Sound: a server that listens on a port has an AddressInfo.
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/certs`;

  const nonce = {
    val: toBase64(new Uint8Array(32).fill(7)),
    iat: toBase64(utf8('2026-06-01 11:59:59 +0000 UTC')),
  };
  const key = utf8('key of the TD');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ITA_ISSUER,
    iat: now,
    nbf: now,
    exp: now + 300,
    dbgstat: 'disabled',
    attester_type: 'TDX',
    attester_tcb_status: 'UpToDate',
    verifier_nonce: nonce,
    policy_ids_matched: [],
    ...Object.fromEntries(
      ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2', 'rtmr3'].map((name) => [`tdx_${name}`, '00'.repeat(48)]),
    ),
    tdx_report_data: toHex(itaReportData(nonce, key)),
    tdx_is_debuggable: false,
  };
  const header = { alg: 'PS384', kid: jwk.kid, jku: url, typ: 'JWT' };
  const token = signedToken(header, claims, privateKey);
  return {
    url,
    files: { 'token.jwt': token, 'nonce.json': JSON.stringify(nonce), 'td-key.der': key },
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** RFC 7515, compact serialization, with PS384 of RFC 7518, section 3.5. */
function signedToken(header: object, claims: object, key: KeyObject): string {
  const content = [header, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join('.');
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = sign('sha384', utf8(content), { key, padding, saltLength: 48 });
  return `${content}.${toBase64Url(new Uint8Array(signature))}`;
}
