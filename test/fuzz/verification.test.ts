// SPDX-License-Identifier: Apache-2.0
import {
  CodedError,
  decodePem,
  fromHex,
  parseQuote,
  toHex,
  utf8,
  type Collateral,
} from '@proofgate/evidence';
import {
  endorsementsFromPem,
  prepareCollateral,
  verifyQuote,
  verifySnpReport,
} from '@proofgate/verifier';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeWithRealEvidence, readRealEvidence } from '../system/support/real-evidence.ts';
import { mutated } from './byte-mutation.ts';
import { FUZZ } from './fuzz-settings.ts';
import { assertProperty, fuzzParameters, watchFuzz } from './run-fuzz.ts';

/** Verifying costs a hundred times what parsing does: of the runs, a quarter for each quote and a tenth for the rest. */
const QUOTE_SHARE = 0.25;
const OTHER_SHARE = 0.1;
const TIMEOUT_MS = 60_000 + FUZZ.runs * 20;

/** Evidence that verifies, with its time. */
const PAIRS = [
  ['tdx/v4-phala-b0c06f.bin', 'tdx-b0c06f000000-202506', 1_751_624_191],
  ['tdx/v4-gcp-cos113-00806f05.bin', 'tdx-00806f050000-202601', 1_770_801_952],
  ['tdx/v5-google-90c06f.bin', 'tdx-90c06f000000-202602', 1_772_707_803],
  ['sgx/v3-phala-00a067.bin', 'sgx-00a067110000-202506', 1_751_624_924],
] as const;

describeWithRealEvidence('changed evidence is refused', () => {
  it.each(PAIRS)(
    'quote %s',
    async (file, bundle, seconds) => {
      const at = new Date(seconds * 1000);
      const prepared = await prepareCollateral(readBundle(bundle), { root: 'intel', at });
      const read = readFile(file);
      // Padding is not part of the evidence.
      const { quote } = await verifyQuote(read, prepared, { at });
      const original = meaningOfQuote(quote.bytes);
      await refused(`quote ${file}`, QUOTE_SHARE, changed(quote.bytes), async (input) => {
        await verifyQuote(input, prepared, { at });
        return meaningOfQuote(input) === original;
      });
    },
    TIMEOUT_MS,
  );

  it.each(PAIRS.map(([, bundle, seconds]) => [bundle, seconds] as const))(
    'collateral %s',
    async (bundle, seconds) => {
      const at = new Date(seconds * 1000);
      const collateral = readBundle(bundle);
      await prepareCollateral(collateral, { root: 'intel', at });
      const changes = fc
        .constantFrom(...FIELDS)
        .chain((field) =>
          changed(utf8(collateral[field])).map((bytes) => ({ field, text: latin1(bytes) })),
        );
      await refused(`collateral ${bundle}`, OTHER_SHARE, changes, async ({ field, text }) => {
        await prepareCollateral({ ...collateral, [field]: text }, { root: 'intel', at });
        return meaningOfField(field, text) === meaningOfField(field, collateral[field]);
      });
    },
    TIMEOUT_MS,
  );

  const snp = { root: 'amd', at: new Date('2024-06-01T00:00:00Z') } as const;
  const endorsementsOf = (name: string) =>
    endorsementsFromPem(
      readRealEvidence(`snp/${name}-leaf.pem`).toString() +
        readRealEvidence('snp/chain-milan.pem').toString(),
    );

  it(
    'SNP report',
    async () => {
      const endorsements = endorsementsOf('trustee-vcek');
      const report = readFile('snp/trustee-vcek-report.bin');
      await verifySnpReport(report, endorsements, snp);
      await refused('SNP report', OTHER_SHARE, changed(report), async (input) => {
        await verifySnpReport(input, endorsements, snp);
        return toHex(input) === toHex(report);
      });
    },
    TIMEOUT_MS,
  );

  it(
    'SNP certificate chain',
    async () => {
      const { chain } = endorsementsOf('trustee-vcek');
      const report = readFile('snp/trustee-vcek-report.bin');
      const changes = fc
        .nat(chain.length - 1)
        .chain((index) => changed(chain[index] ?? new Uint8Array()).map((der) => ({ index, der })));
      await refused('SNP certificate chain', OTHER_SHARE, changes, async ({ index, der }) => {
        await verifySnpReport(report, { chain: chain.with(index, der) }, snp);
        return toHex(der) === toHex(chain[index] ?? new Uint8Array());
      });
    },
    TIMEOUT_MS,
  );
});

/** One changed byte anywhere, or the mutator's larger changes. */
function changed(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const oneByte = fc
    .tuple(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([index, change]) => original.with(index, (original[index] ?? 0) ^ change));
  return fc.oneof({ weight: 3, arbitrary: oneByte }, { weight: 1, arbitrary: mutated([original]) });
}

/**
 * @param verify throws a refusal, or says whether what it accepted is the same evidence in another spelling, such as
 *   upper-case hex
 */
async function refused<T>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<T>,
  verify: (input: T) => Promise<boolean>,
): Promise<void> {
  let refusals = 0;
  const watch = watchFuzz(name);
  const property = fc.asyncProperty(inputs, async (input) => {
    watch.begin(input instanceof Uint8Array ? input : utf8(fc.stringify(input)));
    try {
      if (!(await verify(input))) throw new Error('changed evidence was accepted');
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      refusals += 1;
    }
  });
  const parameters = fuzzParameters<[T]>(share);
  const outcome = await fc.check(property, parameters);
  await watch.end();
  assertProperty(name, outcome);
  // Of all changes, few are another spelling of the same.
  if (FUZZ.path === undefined) expect(refusals).toBeGreaterThan((parameters.numRuns ?? 0) * 0.8);
}

function meaningOfQuote(bytes: Uint8Array): string {
  const { signedRegion, signature: parts } = parseQuote(bytes);
  return [
    signedRegion,
    parts.signature,
    parts.attestationKey,
    parts.qeReportBytes,
    parts.qeReportSignature,
    parts.qeAuthData,
    ...decodePem(parts.certificateChainPem, 'CERTIFICATE'),
  ]
    .map(toHex)
    .join();
}

const FIELDS = [
  'pck_crl_issuer_chain',
  'root_ca_crl',
  'pck_crl',
  'tcb_info_issuer_chain',
  'tcb_info',
  'tcb_info_signature',
  'qe_identity_issuer_chain',
  'qe_identity',
  'qe_identity_signature',
] as const satisfies (keyof Collateral)[];

function meaningOfField(field: (typeof FIELDS)[number], text: string): string {
  if (field.endsWith('_chain')) return decodePem(text, 'CERTIFICATE').map(toHex).join();
  // Signed as text: there is no other spelling.
  return field === 'tcb_info' || field === 'qe_identity' ? text : toHex(fromHex(text));
}

/** Bytes above 127 become characters that are not ASCII, instead of all becoming the same one. */
function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

function readFile(file: string): Uint8Array {
  return new Uint8Array(readRealEvidence(file));
}

function readBundle(name: string): Collateral {
  // The collection's bundles have the members of the format.
  return JSON.parse(readRealEvidence(`collateral/${name}.json`).toString()) as Collateral;
}
