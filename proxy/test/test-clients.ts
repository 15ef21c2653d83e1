// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { encodePrivateKey, loadIssuer, startOfMinute, type Issuer } from '@proofgate/ca';
import { createRoot } from '@proofgate/ca/authorities';
import { encodePem, deterministicReportData, OID, toHex } from '@proofgate/evidence';
import { createSimulatedPlatform, type SimulatedPlatform } from '@proofgate/simulator';
import { parsePolicy } from '@proofgate/verifier';
import { SYSTEM_CLOCK } from '../src/clock.ts';
import type { ClientSettings, RouteClients } from '../src/peer/route-clients.ts';
import { Peers } from '../src/peer/peers.ts';
import { routeClients, type OwnClients } from '../src/primary/client-rules.ts';
import { PeerKeys } from '../src/primary/peer-keys.ts';
import { newIntermediary } from './test-ca.ts';

/** Keys of a primary that never rotate. */
export const TEST_PEER_KEYS: PeerKeys = new PeerKeys(SYSTEM_CLOCK, () => undefined);

/** How clients are judged unless a test says otherwise. */
export const TEST_CLIENT_SETTINGS: ClientSettings = {
  id: 'test',
  collateral: { kind: 'stapled' },
  caRoots: undefined,
  maxAgeMs: 600_000,
  privasysHeaders: false,
};

/** A file without hosts that ask. */
export const NO_CLIENTS: OwnClients = { settings: TEST_CLIENT_SETTINGS, policies: new Map() };

/** Judges clients by the system's clock, and reaches no service. */
export function testPeers(now: () => Date = () => new Date()): Peers {
  return new Peers({ now, fetch: () => Promise.reject(new Error('no network here')) });
}

/** What a host may want of its clients. */
export interface RulesWish {
  readonly mode?: RouteClients['mode'];
  readonly policy?: object;
  readonly settings?: Partial<ClientSettings>;
}

/** Rules that accept a platform's TD. */
export function rulesFor(platform: SimulatedPlatform, wish: RulesWish = {}): RouteClients {
  const { mode = 'required', policy = {}, settings = {} } = wish;
  const collateral = { kind: 'bundles', bundles: [platform.collateral()], from: 'test' } as const;
  const all = { ...TEST_CLIENT_SETTINGS, collateral, ...settings };
  // What differs in the settings has another name.
  const named = {
    ...all,
    id: JSON.stringify(all, (key, value: unknown) => (key === 'bundles' ? 0 : value)),
  };
  const parsed = parsePolicy(policyFor(platform, policy));
  return routeClients({ hostname: 'app.example.com', mode: 'http', clients: mode }, parsed, named);
}

/** A policy that accepts a platform's TD, as it stands in a file. */
export function policyFor(platform: SimulatedPlatform, more: object = {}): Record<string, unknown> {
  const { mrtd } = platform.measurements();
  return {
    version: 1,
    name: 'test clients',
    tee: ['tdx'],
    roots: [`sha256:${platform.rootSha256}`],
    measurements: { client: { mrtd: toHex(mrtd) } },
    ...more,
  };
}

/** What a client shows in the handshake. */
export interface TestClient {
  readonly platform: SimulatedPlatform;
  readonly key: string;
  /** PEM, leaf first. */
  readonly cert: string;
  readonly spki: Uint8Array;
}

/** What may differ. */
export interface ClientWish {
  readonly platform?: SimulatedPlatform;
  /** Whether the certificate carries a quote over its key. */
  readonly quote?: boolean;
  readonly issuer?: Issuer;
}

const at = new Date();
/** The root and the intermediary of clients' certificates. */
export const CLIENT_ROOT: Awaited<ReturnType<typeof createRoot>> = await createRoot({
  commonName: 'Client root',
  days: 30,
  at,
});
const intermediary = await newIntermediary(CLIENT_ROOT);
const CLIENT_ISSUER: Issuer = loadIssuer({
  certificatePem: encodePem('CERTIFICATE', intermediary.certificate),
  privateKeyPem: encodePrivateKey(intermediary.privateKey),
  at,
});
const APP_ID = Uint8Array.from({ length: 16 }, (_, index) => index);

/** A TD that is a client: with a key of its own in a certificate, by default one without evidence. */
export async function testClient(wish: ClientWish = {}): Promise<TestClient> {
  const { platform = createSimulatedPlatform(), quote = false, issuer = CLIENT_ISSUER } = wish;
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = Uint8Array.from(pair.publicKey.export({ type: 'spki', format: 'der' }));
  const notBefore = startOfMinute(new Date());
  const value = await platform.quote(deterministicReportData(spki, notBefore));
  const leaf = issuer.issueLeaf({
    spki,
    names: ['client.example.com'],
    notBefore,
    extensions: [
      ...(quote ? [{ oid: OID.tdxQuote, value }] : []),
      { oid: OID.appId, value: APP_ID },
    ],
    purpose: 'client',
  });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { platform, key, cert: leaf.chainPem, spki };
}
