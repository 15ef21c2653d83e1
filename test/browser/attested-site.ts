// SPDX-License-Identifier: Apache-2.0
import {
  deterministicReportData,
  digestRuntimeEvent,
  encodeAttestationDocument,
  formatQuoteTime,
  OID,
  type RuntimeEvent,
  sha256,
  toHex,
} from '@proofgate/evidence';
import { createSimulatedPlatform } from '@proofgate/simulator';
import { caExtensions, issue, newKeys, serverExtensions } from '../vectors/making/certificates.ts';

const HOUR_MS = 3_600_000;

/** What a site on a simulated platform serves, as of now. */
export interface AttestedSite {
  /** Body of `GET /.well-known/attestation`. */
  readonly document: string;
  /** A policy that accepts it. */
  readonly policy: string;
}

/** Makes the evidence of a site as its host would: certificate, quote, log and collateral. */
export async function attestedSite(): Promise<AttestedSite> {
  const now = new Date();
  const period = { notBefore: now, notAfter: new Date(now.getTime() + HOUR_MS) };
  const ca = issue({
    ...period,
    commonName: 'Site CA',
    keys: newKeys(),
    extensions: caExtensions(0),
  });
  const platform = createSimulatedPlatform();
  const eventLog: RuntimeEvent[] = [
    {
      type: 'proofgate.platform',
      ca_spki_sha256: toHex(sha256(ca.spki)),
      runtime_version: 'site',
      platform_root: '00'.repeat(32),
    },
  ];
  for (const event of eventLog) await platform.extend(3, digestRuntimeEvent(event));
  const keys = newKeys();
  const spki = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const quote = await platform.quote(deterministicReportData(spki, now));
  const leaf = issue({
    ...period,
    commonName: 'site',
    keys,
    issuer: ca,
    extensions: serverExtensions(['localhost'], {
      oid: OID.tdxQuote,
      critical: false,
      value: quote,
    }),
  });
  const document = encodeAttestationDocument({
    version: 1,
    host: 'localhost',
    tee: 'tdx',
    simulated: true,
    certificateChain: [leaf.certificate, ca.certificate],
    quote,
    quoteTime: formatQuoteTime(now),
    eventLog,
    manifests: {},
    collateral: platform.collateral(),
  });
  const mrtd = toHex(platform.measurements().mrtd);
  const policy = JSON.stringify({
    version: 1,
    name: 'site',
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { simulated: { mrtd } },
  });
  return { document, policy };
}
