// SPDX-License-Identifier: Apache-2.0
import {
  decodePem,
  parseCertificate,
  parsePckExtension,
  parseQuote,
  toHex,
} from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  simulatedFault,
  SIMULATED_ORGANIZATION,
} from '@proofgate/simulator';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const AT = new Date('2026-01-15T12:00:00Z');
const REPORT_DATA = Uint8Array.from({ length: 64 }, (_, index) => index);
const SAMPLES = new URL('../../../shared/data/quotes/', import.meta.url);
const haveSamples = existsSync(SAMPLES);

async function simulatedQuote(variant: string): Promise<ReturnType<typeof parseQuote>> {
  const platform = createSimulatedPlatform({ at: AT, alter: simulatedFault(variant).apply });
  return parseQuote(await platform.quote(REPORT_DATA));
}

function realQuote(name: string): ReturnType<typeof parseQuote> {
  return parseQuote(readFileSync(new URL(name, SAMPLES)));
}

describe('simulated quotes', () => {
  it.each([
    ['P1', 'tdx', 4, 48 + 584],
    ['P2', 'tdx', 5, 54 + 648],
    ['P3', 'sgx', 3, 48 + 384],
    ['P4', 'tdx', 5, 54 + 584],
  ] as const)('%s is a %s quote of version %d', async (variant, kind, version, signedBytes) => {
    const quote = await simulatedQuote(variant);
    expect(quote.kind).toBe(kind);
    expect(quote.version).toBe(version);
    expect(quote.signedRegion).toHaveLength(signedBytes);
    expect(toHex(quote.body.reportData)).toBe(toHex(REPORT_DATA));
  });

  it('carry padding when asked to', async () => {
    expect((await simulatedQuote('P5')).trailingBytes).toBe(3065);
    expect((await simulatedQuote('P1')).trailingBytes).toBe(0);
  });

  it('take the version as an option', async () => {
    const quote = await createSimulatedPlatform({ at: AT, quoteVersion: 5 }).quote(REPORT_DATA);
    const parsed = parseQuote(quote);
    expect(parsed.version).toBe(5);
    expect(parsed.kind === 'tdx' && parsed.body.version).toBe('1.5');
  });

  it('refuse report data of another size', async () => {
    const platform = createSimulatedPlatform({ at: AT });
    await expect(platform.quote(new Uint8Array(63))).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_REPORT_DATA',
    });
    await expect(platform.quote(new Uint8Array(64))).resolves.toBeInstanceOf(Uint8Array);
  });

  it('say in every certificate that they are simulated', async () => {
    const { signature } = await simulatedQuote('P1');
    const chain = decodePem(signature.certificateChainPem, 'CERTIFICATE').map(parseCertificate);
    expect(chain.map(({ subject }) => subject.commonName)).toEqual([
      'SIMULATED SGX PCK Certificate',
      'SIMULATED SGX PCK Platform CA',
      'SIMULATED SGX Root CA',
    ]);
    for (const { subject } of chain) expect(subject.text).toContain(SIMULATED_ORGANIZATION);
  });
});

// Without the samples this is a visible skip on a user's machine and a failure in CI.
describe.skipIf(!haveSamples && process.env['CI'] === undefined)('beside real quotes', () => {
  it.each([
    ['P1', 'tdx/v4-near-20a06f.bin'],
    ['P2', 'tdx/v5-google-90c06f.bin'],
    ['P3', 'sgx/v3-phala-00a067.bin'],
  ])('%s has the structure of %s', async (variant, sample) => {
    const [simulated, real] = [await simulatedQuote(variant), realQuote(sample)];
    expect(shapeOf(simulated)).toEqual(shapeOf(real));
  });

  it('the PCK certificate has the extensions of a real one', async () => {
    const simulated = pckOf(await simulatedQuote('P1'));
    const real = pckOf(realQuote('tdx/v4-near-20a06f.bin'));
    expect(extensionsOf(simulated)).toEqual(extensionsOf(real));
    expect(simulated.serialNumber).toHaveLength(20);
    expect(keysOf(parsePckExtension(simulated))).toEqual(keysOf(parsePckExtension(real)));
  });

  it('the collateral has the fields of a real one, in the same order', () => {
    const real = JSON.parse(
      readFileSync(new URL('collateral/tdx-90c06f000000-202602.json', SAMPLES), 'utf8'),
    ) as Record<string, string>;
    const simulated = createSimulatedPlatform({ at: AT }).collateral();
    for (const name of ['tcb_info', 'qe_identity'] as const) {
      expect(keysOf(JSON.parse(simulated[name]))).toEqual(keysOf(JSON.parse(real[name]!)));
    }
    expect(Object.keys(simulated).toSorted()).toEqual(
      Object.keys(real)
        .filter((key) => key in simulated)
        .toSorted(),
    );
  });
});

/** Everything about a quote that is the same on every machine. */
function shapeOf(quote: ReturnType<typeof parseQuote>): unknown {
  const { signature } = quote;
  const chain = decodePem(signature.certificateChainPem, 'CERTIFICATE').map(parseCertificate);
  return {
    kind: quote.kind,
    version: quote.version,
    body: Object.keys(quote.body),
    vendor: toHex(quote.header.qeVendorId),
    signedBytes: quote.signedRegion.length,
    authBytes: signature.qeAuthData.length,
    qeAttributes: toHex(signature.qeReport.attributes).slice(0, 2),
    certificates: chain.map((each) => [extensionsOf(each), each.basicConstraints, each.keyUsage]),
    zeroByteAtTheEnd: quote.bytes.at(-1) === 0,
  };
}

function pckOf(quote: ReturnType<typeof parseQuote>): ReturnType<typeof parseCertificate> {
  return parseCertificate(decodePem(quote.signature.certificateChainPem, 'CERTIFICATE')[0]!);
}

function extensionsOf(certificate: ReturnType<typeof parseCertificate>): unknown {
  return [...certificate.extensions].map(([oid, { critical }]) => [oid, critical]);
}

/** Field names in their order; of a list, those of its first element. */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return [keysOf(value[0])];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array)
    return typeof value;
  return Object.entries(value).map(([name, member]) => [name, keysOf(member)]);
}
