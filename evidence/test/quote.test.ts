// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  decodePem,
  encodePckExtension,
  encodeQuote,
  encodeQuoteSignedRegion,
  encodeSgxReport,
  encodeTdReport,
  equalBytes,
  fromHex,
  isAllZero,
  MAX_QUOTE_BYTES,
  parseCertificate,
  parsePckExtension,
  parseQuote,
  parseSgxReport,
  parseTdReport,
  QE_VENDOR_INTEL,
  sha256,
  tdAttributeFlags,
  toHex,
} from '@proofgate/evidence';
import { sgxQuote, sgxReport, signatureParts, tdReport, tdxQuote } from './quotes.ts';
import { missingRealData, realBytes, realQuotes, realTitle } from './real-data.ts';
import { refusal, refusalError } from './refusal.ts';

describe.skipIf(missingRealData)(realTitle('real quotes'), () => {
  it.each(realQuotes)('$file', (expected) => {
    const bytes = realBytes(expected.file);
    const quote = parseQuote(bytes);
    expect(quote.version).toBe(expected.version);
    expect(quote.kind).toBe(expected.tee.toLowerCase());
    expect(quote.trailingBytes).toBe(expected.trailing_bytes);
    expect(quote.bytes.length).toBe(expected.len - expected.trailing_bytes);
    expect(equalBytes(quote.bytes, bytes.subarray(0, quote.bytes.length))).toBe(true);
    expect(equalBytes(quote.header.qeVendorId, QE_VENDOR_INTEL)).toBe(true);
    if (quote.kind === 'tdx') {
      expect(toHex(quote.body.teeTcbSvn)).toBe(expected.tee_tcb_svn);
      expect(toHex(quote.body.tdAttributes)).toBe(expected.tdattr);
      expect(quote.body.version).toBe(expected.body_type === 3 ? '1.5' : '1.0');
      expect(isAllZero(quote.body.mrSignerSeam)).toBe(true);
    }
  });

  it.each(realQuotes)('$file: certificate chain', (expected) => {
    const { signature } = parseQuote(realBytes(expected.file));
    const chain = decodePem(signature.certificateChainPem, 'CERTIFICATE').map(parseCertificate);
    expect(chain.map(({ subject }) => subject.commonName)).toEqual([
      'Intel SGX PCK Certificate',
      `Intel SGX PCK ${expected.tee === 'TDX' ? 'Platform' : 'Processor'} CA`,
      'Intel SGX Root CA',
    ]);
    const [pck] = chain;
    expect(pck!.notBefore.toISOString().slice(0, 10)).toBe(expected.pck_valid[0]);
    expect(pck!.notAfter.toISOString().slice(0, 10)).toBe(expected.pck_valid[1]);
    const extension = parsePckExtension(pck!);
    expect(toHex(extension.fmspc)).toBe(expected.fmspc);
    // In every sample the components repeat the CPUSVN.
    expect(extension.tcb.components).toEqual([...extension.tcb.cpuSvn]);
    expect(extension.platformInstanceId?.length).toBe(expected.tee === 'TDX' ? 16 : undefined);
    expect(encodePckExtension(extension).value).toEqual(
      pck!.extensions.get('1.2.840.113741.1.13.1')!.value,
    );
  });

  it.each(realQuotes)('$file: QE report binds the attestation key', ({ file }) => {
    const { signature } = parseQuote(realBytes(file));
    const bound = sha256(concatBytes(signature.attestationKey, signature.qeAuthData));
    expect(equalBytes(signature.qeReport.reportData.subarray(0, 32), bound)).toBe(true);
    expect(isAllZero(signature.qeReport.reportData.subarray(32))).toBe(true);
  });

  it.each(realQuotes)('$file: writes back to the same bytes', ({ file }) => {
    const quote = parseQuote(realBytes(file));
    const region =
      quote.kind === 'tdx'
        ? encodeQuoteSignedRegion({ header: { ...quote.header, tee: 'tdx' }, body: quote.body })
        : encodeQuoteSignedRegion({ header: { ...quote.header, tee: 'sgx' }, body: quote.body });
    expect(equalBytes(region, quote.signedRegion)).toBe(true);
    // The NUL that Intel's library leaves behind the chain is the only thing that is not kept.
    const again = parseQuote(encodeQuote(quote.version, region, quote.signature));
    expect({ ...again, bytes: null }).toEqual({ ...quote, bytes: null, trailingBytes: 0 });
  });

  it('know a debug TD', () => {
    const quote = parseQuote(realBytes('tdx/v4-debug-td-50806f.bin'));
    if (quote.kind !== 'tdx') throw new Error('not a TDX quote');
    expect(tdAttributeFlags(quote.body)).toEqual({
      debug: true,
      tud: 1,
      septVeDisable: true,
      migratable: false,
      pks: false,
      keyLocker: false,
      perfmon: false,
      reserved: 0n,
    });
  });
});

describe('layouts', () => {
  it.each(['1.0', '1.5', '1.5ex'] as const)('TD report %s reads as it was written', (version) => {
    const report = tdReport(version);
    expect(parseTdReport(encodeTdReport(report))).toEqual(report);
    const quote = parseQuote(tdxQuote(5, report));
    expect(quote.kind === 'tdx' && quote.body).toEqual(report);
  });

  it('TD report has the documented offsets', () => {
    const at = (offset: number): number | undefined => encodeTdReport(tdReport('1.5ex'))[offset];
    const offsets = [
      0, 16, 64, 112, 120, 128, 136, 184, 232, 280, 328, 376, 424, 472, 520, 584, 600,
    ];
    const more = [648, 649, 681, 729, 777, 785, 801, 817, 829, 877];
    [...offsets, ...more].forEach((offset, index) => {
      expect(at(offset)).toBe(index + 1);
      if (offset > 0) expect(at(offset - 1)).toBe(index);
    });
    expect(at(884)).toBe(27);
  });

  it('SGX report reads as it was written, at the documented offsets', () => {
    const bytes = encodeSgxReport(sgxReport);
    expect(parseSgxReport(bytes)).toEqual(sgxReport);
    expect(toHex(bytes.subarray(16, 20))).toBe('02000080');
    expect([bytes[0], bytes[48], bytes[64], bytes[128], bytes[320]]).toEqual([1, 4, 5, 6, 15]);
    expect(toHex(bytes.subarray(256, 262))).toBe('09080b0a0d0c');
  });

  it.each([3, 4, 5] as const)('SGX quote version %i', (version) => {
    const quote = parseQuote(sgxQuote(version));
    expect(quote).toMatchObject({ kind: 'sgx', version, body: sgxReport, trailingBytes: 0 });
    expect(quote.header.qeSvn).toBe(version === 3 ? 10 : undefined);
    expect(quote.signedRegion.length).toBe(version === 5 ? 438 : 432);
  });

  it('attributes have a meaning for every bit', () => {
    const flags = (hex: string): unknown => tdAttributeFlags({ tdAttributes: fromHex(hex) });
    const none = {
      debug: false,
      tud: 0,
      septVeDisable: false,
      migratable: false,
      pks: false,
      keyLocker: false,
      perfmon: false,
      reserved: 0n,
    };
    expect(flags('0000000000000000')).toEqual(none);
    expect(flags('8000000000000000')).toEqual({ ...none, tud: 0x80 });
    expect(flags('0000001000000000')).toEqual({ ...none, septVeDisable: true });
    expect(flags('0000002000000000')).toEqual({ ...none, migratable: true });
    expect(flags('0000004000000000')).toEqual({ ...none, pks: true });
    expect(flags('0000008000000000')).toEqual({ ...none, keyLocker: true });
    expect(flags('0000000000000080')).toEqual({ ...none, perfmon: true });
    expect(flags('0001000000000040')).toEqual({ ...none, reserved: (1n << 8n) | (1n << 62n) });
  });
});

/** A quote with bytes replaced at an offset. */
function patched(quote: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = quote.slice();
  copy.set(fromHex(hex), offset);
  return copy;
}

describe('refusals', () => {
  const v4 = tdxQuote(4, tdReport('1.0'));
  const v5 = tdxQuote(5, tdReport('1.5'));
  const v5Sgx = sgxQuote(5);
  const v3 = sgxQuote(3);
  const signatureAt = 636;
  const innerAt = signatureAt + 134 + 384 + 64 + 2 + 32;

  it.each<[string, Uint8Array, string]>([
    ['version 4', v4, 'accepted'],
    ['version 5', v5, 'accepted'],
    ['version 6', patched(v4, 0, '0600'), 'ERR_QUOTE_VERSION'],
    ['version 0x0104', patched(v4, 0, '0401'), 'ERR_QUOTE_VERSION'],
    ['P-384 keys', patched(v4, 2, '0300'), 'ERR_QUOTE_KEY_TYPE'],
    ['an unknown TEE', patched(v4, 4, '82000000'), 'ERR_QUOTE_TEE_TYPE'],
    ['a TEE type above 2^31', patched(v4, 4, '810000ff'), 'ERR_QUOTE_TEE_TYPE'],
    ['TDX in version 3', patched(v3, 4, '81000000'), 'ERR_QUOTE_TEE_TYPE'],
    ['reserved header bytes', patched(v4, 8, '01'), 'ERR_QUOTE_RESERVED'],
    ['another QE vendor, which is for the verifier', patched(v4, 12, '00'), 'accepted'],
    ['body type 2 with the size of 3', patched(v5, 48, '0200'), 'ERR_QUOTE_BODY'],
    ['body type 3 with the size of 2', patched(v5, 50, '48020000'), 'ERR_QUOTE_BODY'],
    ['body type 0', patched(v5, 48, '0000'), 'ERR_QUOTE_BODY'],
    ['body type 5', patched(v5, 48, '0500'), 'ERR_QUOTE_BODY'],
    ['an SGX body in a TDX quote', patched(v5Sgx, 4, '81000000'), 'ERR_QUOTE_BODY'],
    ['a TDX body in an SGX quote', patched(v5, 4, '00000000'), 'ERR_QUOTE_BODY'],
    ['an SGX body with reserved bytes', patched(v3, 48 + 20, '01'), 'ERR_QUOTE_RESERVED'],
    [
      'outer certification type 5',
      patched(v4, signatureAt + 128, '0500'),
      'ERR_QUOTE_CERTIFICATION_TYPE',
    ],
    ['inner certification type 4', patched(v4, innerAt, '0400'), 'ERR_QUOTE_CERTIFICATION_TYPE'],
    [
      'an outer size one too large',
      patched(v4, signatureAt + 130, toLittleEndian(v4, signatureAt + 130, 1)),
      'ERR_QUOTE_SIGNATURE_DATA',
    ],
    [
      'an inner size one too small',
      patched(v4, innerAt + 2, toLittleEndian(v4, innerAt + 2, -1)),
      'ERR_QUOTE_SIGNATURE_DATA',
    ],
    ['signature data longer than the quote', patched(v4, 632, 'ffffffff'), 'ERR_QUOTE_TRUNCATED'],
    [
      'signature data one byte shorter',
      patched(v4, 632, toLittleEndian(v4, 632, -1)),
      'ERR_QUOTE_SIGNATURE_DATA',
    ],
    [
      'auth data longer than the rest',
      patched(v4, signatureAt + 134 + 448, 'ffff'),
      'ERR_QUOTE_TRUNCATED',
    ],
    [
      'QE report with reserved bytes',
      patched(v4, signatureAt + 134 + 96, '01'),
      'ERR_QUOTE_RESERVED',
    ],
    ['a chain with a control character', patched(v4, innerAt + 6, '00'), 'ERR_QUOTE_CHAIN'],
    ['a chain that ends in NUL', patched(v4, v4.length - 1, '00'), 'accepted'],
    ['a chain that ends in two NULs', patched(v4, v4.length - 2, '0000'), 'ERR_QUOTE_CHAIN'],
    ['nothing', new Uint8Array(), 'ERR_QUOTE_TRUNCATED'],
  ])('%s: %#', (_, bytes, code) => {
    expect(refusal(() => parseQuote(bytes))).toBe(code);
  });

  it.each([
    ['version 3', patched(v3, 4, '81000000'), '0x0', '0x81'],
    ['version 4', patched(v4, 4, '82000000'), '0x0 or 0x81', '0x82'],
    ['body type 5', patched(v5, 48, '0500'), 'body type 1 to 4', 'type 5 with 648 bytes for tdx'],
    ['another size', patched(v5, 48, '0200'), '584 bytes for tdx', 'type 2 with 648 bytes for tdx'],
  ])('says what it expected: %s', (_, bytes, expected, seen) => {
    expect(refusalError(() => parseQuote(bytes))).toMatchObject({ expected, seen });
  });

  it('every cut', () => {
    for (const quote of [v3, v4, v5]) {
      for (let length = 0; length < quote.length; length += 7) {
        expect(refusal(() => parseQuote(quote.subarray(0, length)))).toBe('ERR_QUOTE_TRUNCATED');
      }
    }
  });

  it('too many bytes, padding included', () => {
    const padded = (size: number): Uint8Array => concatBytes(v4, new Uint8Array(size - v4.length));
    expect(parseQuote(padded(MAX_QUOTE_BYTES)).trailingBytes).toBe(MAX_QUOTE_BYTES - v4.length);
    expect(refusal(() => parseQuote(padded(MAX_QUOTE_BYTES + 1)))).toBe('ERR_QUOTE_TOO_LARGE');
  });

  it('reports of another size', () => {
    expect(refusal(() => parseTdReport(new Uint8Array(585)))).toBe('ERR_QUOTE_BODY');
    expect(refusal(() => parseTdReport(new Uint8Array(584)))).toBe('accepted');
    expect(refusal(() => parseSgxReport(new Uint8Array(383)))).toBe('ERR_QUOTE_BODY');
    expect(refusal(() => parseSgxReport(new Uint8Array(385)))).toBe('ERR_QUOTE_BODY');
    expect(refusal(() => parseSgxReport(new Uint8Array(384)))).toBe('accepted');
  });

  it('writing what a version cannot carry', () => {
    const write = 'ERR_QUOTE_WRITE';
    expect(refusal(() => tdxQuote(4, tdReport('1.5')))).toBe(write);
    expect(refusal(() => tdxQuote(5, tdReport('1.0')))).toBe('accepted');
    const { mrServiceTd: _, ...incomplete } = tdReport('1.5');
    expect(refusal(() => encodeTdReport(incomplete))).toBe(write);
    expect(refusal(() => encodeTdReport({ ...tdReport('1.0'), xfam: new Uint8Array(7) }))).toBe(
      write,
    );
    expect(refusal(() => encodeSgxReport({ ...sgxReport, configId: new Uint8Array(65) }))).toBe(
      write,
    );
    for (const isvSvn of [65536, -1, 1.5]) {
      expect(refusal(() => encodeSgxReport({ ...sgxReport, isvSvn }))).toBe(write);
    }
    const header = { ...parseQuote(v4).header, tee: 'tdx', qeSvn: 1 } as const;
    expect(refusal(() => encodeQuoteSignedRegion({ header, body: tdReport('1.0') }))).toBe(write);
    const enclave = { ...parseQuote(v5).header, tee: 'sgx' } as const;
    // The type does not allow it; a caller in JavaScript can do it.
    const mixed = { header: enclave, body: tdReport('1.5') } as never;
    expect(refusal(() => encodeQuoteSignedRegion(mixed))).toBe(write);
    const region = v4.subarray(0, 632);
    const short = { ...signatureParts, signature: new Uint8Array(63) };
    expect(refusal(() => encodeQuote(4, region, signatureParts))).toBe('accepted');
    expect(refusal(() => encodeQuote(4, region, short))).toBe(write);
  });
});

/** The u32 at an offset, changed by `delta`, as hex of four little-endian bytes. */
function toLittleEndian(quote: Uint8Array, offset: number, delta: number): string {
  const view = new DataView(quote.slice().buffer);
  view.setUint32(offset, view.getUint32(offset, true) + delta, true);
  return toHex(new Uint8Array(view.buffer, offset, 4));
}

it('hands out copies', () => {
  const input = tdxQuote(4, tdReport('1.0'));
  const before = toHex(input);
  const quote = parseQuote(input);
  input.fill(0);
  quote.signedRegion.fill(0);
  expect(toHex(quote.bytes)).toBe(before);
  expect(quote.header.userData[0]).toBe(8);
});
