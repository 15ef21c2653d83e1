// SPDX-License-Identifier: Apache-2.0
import { type Quote, type QuoteContent, toBase64 } from '@proofgate/evidence';
import { amdInput } from '../making/amd.ts';
import { HOSTNAME, type HostMaker, type SessionSecret } from '../making/attested-host.ts';
import { policyText } from '../making/make-parts.ts';
import { reformed } from '../making/quotes.ts';
import { APP_HOST, type PrivateChainMaker } from '../making/private-chain.ts';
import { type Alteration, AT, sound, type VectorMaker } from '../making/vector-maker.ts';
import type { VectorInput } from '../vector-format.ts';

/** TD report 1.5 in a quote of version 5. */
export const VERSION_5: Alteration = ({ quote }) => {
  quote.version = 5;
  quote.bodyType = 3;
};
/** TD report 1.0 in a quote of version 5. */
export const VERSION_5_TD_1_0: Alteration = ({ quote }) => {
  quote.version = 5;
  quote.bodyType = 2;
};
const SGX: Alteration = ({ quote }) => {
  quote.version = 3;
};

/** The session of the vectors that have one. */
export const SESSION: SessionSecret = {
  context: new Uint8Array(32).fill(0xc0),
  exported: new Uint8Array(32).fill(0xe0),
};

/** Name of a sound input. */
export type FixtureName =
  | 'tdx'
  | 'tdx-v5'
  | 'tdx-v5-td10'
  | 'tdx-v5-ex'
  | 'sgx'
  | 'sgx-v4'
  | 'sgx-v5'
  | 'tdx-policy'
  | 'tdx-v5-policy'
  | 'host'
  | 'host-policy'
  | 'document'
  | 'unbound-document'
  | 'session'
  | 'private-chain'
  | 'snp'
  | 'snp-turin'
  | 'snp-vlek'
  | 'snp-policy'
  | 'policy-file';

/**
 * Makes the sound inputs.
 *
 * @param maker for quotes and collateral
 * @param hosts for certificates with evidence
 * @param chains for certificates without
 */
export async function makeFixtures(
  maker: VectorMaker,
  hosts: HostMaker,
  chains: PrivateChainMaker,
): Promise<Record<FixtureName, VectorInput>> {
  const at = AT.toISOString();
  const root = maker.rootSha256;
  const upToDate = policyText(maker, { name: 'up to date', tcb: { accept: ['UpToDate'] } });
  const tdx = { evidence: 'quote', at, root, ...(await quoteOf(maker, sound)) };
  const version5 = { ...tdx, ...(await quoteOf(maker, VERSION_5)), collateral: tdx.collateral };
  const version5Td10 = await quoteOf(maker, VERSION_5_TD_1_0);
  const sgx = { ...tdx, ...(await quoteOf(maker, SGX)) };

  const snp = { evidence: 'snp-report', at, ...amdInput({}) };

  const { chain, document } = await hosts.host();
  const caRoots = [toBase64(hosts.root.certificate)];
  const { collateral } = tdx;
  const common = { at, root, caRoots };
  const host = { evidence: 'certificate', ...common, hostname: HOSTNAME, chain, collateral };
  return {
    tdx,
    'tdx-v5': version5,
    'tdx-v5-td10': { ...tdx, quote: version5Td10.quote },
    'tdx-v5-ex': { ...tdx, quote: reformed(maker, version5.quote, extendedReport) },
    sgx,
    'sgx-v4': { ...sgx, quote: reformed(maker, sgx.quote, enclaveQuote(4)) },
    'sgx-v5': { ...sgx, quote: reformed(maker, sgx.quote, enclaveQuote(5)) },
    'tdx-policy': { ...without(tdx, 'root'), policy: upToDate },
    'tdx-v5-policy': { ...without(version5, 'root'), policy: upToDate },
    host: { ...host, document },
    'host-policy': {
      ...without(host, 'root'),
      document,
      policy: policyText(maker, { name: 'host', tee: 'tdx' }),
    },
    document: { evidence: 'document', ...common, document: { ...document, collateral } },
    'unbound-document': { evidence: 'unbound-document', at, root, document, collateral },
    session: {
      ...host,
      session: {
        quote: await hosts.sessionQuote(SESSION),
        context: toBase64(SESSION.context),
        exported: toBase64(SESSION.exported),
        requestedAt: at,
      },
    },
    'private-chain': {
      evidence: 'chain',
      at,
      hostname: APP_HOST,
      chain: chains.chain(),
      caRoots: [toBase64(chains.root.certificate)],
    },
    snp,
    'snp-turin': { ...snp, ...amdInput({ product: 'Turin' }) },
    'snp-vlek': { ...snp, ...amdInput({ kind: 'vlek' }) },
    'snp-policy': { ...snp, policy: '{"version":1,"tee":"sev-snp"}' },
    'policy-file': { evidence: 'policy', policy: '{"version":1,"tee":"tdx"}' },
  };
}

/** TD report 1.5 Ex, of which no real quote is known, in a quote of version 5. */
function extendedReport({ kind, header, body }: Quote): QuoteContent {
  if (kind !== 'tdx') throw new Error('the quote is not of a TD');
  const sha384 = body.mrSeam;
  const extended = {
    vmId: Uint8Array.of(0),
    tdId: new Uint8Array(32).fill(1),
    deviceInfo: new Uint8Array(48).fill(2),
    initialServiceTd: sha384,
    initialServiceTdAttributes: new Uint8Array(8),
    initialCpuSvn: new Uint8Array(16).fill(3),
    initialTeeTcbSvn: body.teeTcbSvn,
    initialTeeFmspc: new Uint8Array(12).fill(4),
    currentServiceTd: sha384,
    currentServiceTdAttributes: new Uint8Array(8),
  };
  return { header: { ...header, tee: kind }, body: { ...body, version: '1.5ex', extended } };
}

/** An SGX report in a quote of a later version. */
function enclaveQuote(version: 4 | 5): (quote: Quote) => QuoteContent {
  return ({ kind, header: { qeVendorId, userData }, body }) => {
    if (kind !== 'sgx') throw new Error('the quote is not of an enclave');
    return { header: { version, tee: kind, qeVendorId, userData }, body };
  };
}

async function quoteOf(
  maker: VectorMaker,
  alter: Alteration,
): Promise<{ quote: string; collateral: VectorInput }> {
  const { quote, collateral } = await maker.evidence(alter);
  return { quote, collateral: { ...collateral } };
}

function without(input: VectorInput, name: string): VectorInput {
  const { [name]: _left, ...rest } = input;
  return rest;
}
