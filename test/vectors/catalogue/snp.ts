// SPDX-License-Identifier: Apache-2.0
import {
  basicConstraintsExtension,
  derIa5String,
  fromBase64,
  keyUsageExtension,
  toBase64,
} from '@proofgate/evidence';
import {
  AMD_NOW,
  type AmdWish,
  caExtensions,
  INTERMEDIATE_SERIAL,
  OFFSET,
} from '../../../verifier/test/simulated-amd.ts';
import { amd, amdList, amdWithRoot, writing } from '../making/amd.ts';
import { unknownExtension } from '../making/certificates.ts';
import { fixed, type MakeParts, memberOf } from '../making/make-parts.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';
import type { FixtureName } from './fixtures.ts';

const FIELD = 'ERR_SNP_REPORT_FIELD';
const EXTENSION = 'ERR_SNP_EXTENSION';
const ROLE = 'ERR_CERT_ROLE';
const TCB = 'ERR_SNP_TCB_MISMATCH';
const CHIP = 'ERR_SNP_CHIP_MISMATCH';
const SIGNATURE_OFFSET = 0x2a0;
/** Bytes of r and of s. */
const NUMBER_BYTES = 72;

/** SEV-SNP reports (AMD specification 56860, table 23) and their chains (AMD specification 57230). */
export const SNP: CatalogueArea = {
  area: 'SEV-SNP',
  rules: [
    {
      id: 'snp-root-pinned',
      rule: 'The chain ends at a root that the caller named.',
      fixture: 'snp',
      refused: fixed({ root: 'ab'.repeat(32) }),
      code: 'ERR_CERT_ROOT_UNTRUSTED',
    },
    {
      id: 'snp-endorsements-there',
      rule: 'A report needs the chain of its key.',
      fixture: 'snp',
      refused: fixed({ endorsements: null }),
      code: 'ERR_SNP_ENDORSEMENTS_MISSING',
    },
    {
      id: 'snp-chain-of-three',
      rule: 'The chain has three certificates.',
      fixture: 'snp',
      refused: ({ fixture }) => ({ 'endorsements.chain': chainOf(fixture).slice(0, 2) }),
      code: 'ERR_CERT_CHAIN_LENGTH',
    },
    {
      id: 'snp-root-role',
      rule: 'The root is an ARK.',
      fixture: 'snp',
      refused: amdWithRoot({ names: { root: 'Milan' } }),
      code: ROLE,
    },
    chain('snp-vcek-intermediate', 'A VCEK stands below the intermediate for VCEKs.', ROLE, {
      names: { intermediate: 'SEV-VLEK-Milan' },
    }),
    chain('snp-intermediate-product', 'The intermediate is of the root’s product.', ROLE, {
      names: { intermediate: 'SEV-Genoa' },
    }),
    chain('snp-leaf-role', 'The leaf is a VCEK or VLEK.', ROLE, { names: { leaf: 'SEV-VCEK2' } }),
    chain('snp-leaf-product', 'The leaf is of the root’s product.', ROLE, {
      productName: 'Genoa-B1',
    }),
    chain('snp-leaf-signature', 'The intermediate signs the leaf.', 'ERR_CERT_SIGNATURE', {
      leafSigner: 'stranger',
    }),
    chain('snp-salt', 'Signatures have a salt of 48 bytes.', 'ERR_CERT_SIGNATURE', {
      saltLength: 32,
    }),
    chain('snp-intermediate-ca', 'The intermediate is a CA.', 'ERR_CERT_NOT_A_CA', {
      intermediate: [basicConstraintsExtension({ ca: false }), keyUsageExtension(['keyCertSign'])],
    }),
    chain(
      'snp-intermediate-usage',
      'The intermediate may sign certificates.',
      'ERR_CERT_KEY_USAGE',
      {
        intermediate: [basicConstraintsExtension({ ca: true }), keyUsageExtension(['cRLSign'])],
      },
    ),
    {
      ...chain(
        'snp-intermediate-critical',
        'No critical extension of the intermediate is unknown.',
        'ERR_CERT_CRITICAL_EXTENSION',
        { intermediate: caExtensions('intermediate', 0).concat(unknownExtension(true)) },
      ),
      accepted: amd({
        intermediate: caExtensions('intermediate', 0).concat(unknownExtension(false)),
      }),
    },
    chain('snp-leaf-no-ca', 'The leaf is no CA.', 'ERR_CERT_IS_A_CA', {
      more: caExtensions('intermediate'),
    }),
    {
      ...chain(
        'snp-critical-extension',
        'No critical extension is unknown.',
        'ERR_CERT_CRITICAL_EXTENSION',
        {
          more: [unknownExtension(true)],
        },
      ),
      accepted: amd({ more: [unknownExtension(false)] }),
    },
    {
      id: 'snp-chain-current',
      rule: 'Certificates are valid at the time of verification.',
      fixture: 'snp',
      accepted: fixed({ at: days(30) }),
      refused: fixed({ at: days(30 + 1 / 86_400) }),
      code: 'ERR_CERT_EXPIRED',
    },
    {
      id: 'snp-chain-started',
      rule: 'Certificates are valid from their notBefore on.',
      fixture: 'snp',
      accepted: fixed({ at: days(-30) }),
      refused: fixed({ at: days(-30 - 1 / 86_400) }),
      code: 'ERR_CERT_NOT_YET_VALID',
    },
    list('snp-intermediate-revoked', 'The intermediate is not revoked.', 'ERR_CERT_REVOKED', {
      revoked: [1n, INTERMEDIATE_SERIAL],
    }),
    list('snp-list-signature', 'The root signs AMD’s revocation list.', 'ERR_CRL_SIGNATURE', {
      revoked: [1n],
      listSigner: 'intermediate',
    }),
    list('snp-list-current', 'The list may be used up to its next update.', 'ERR_CRL_EXPIRED', {
      revoked: [1n],
      listUntil: new Date(AMD_NOW.getTime() - 1000),
    }),
    chain('snp-struct-version', 'The structure version is the product’s.', EXTENSION, {
      structVersion: 1,
    }),
    chain('snp-product', 'The product is known.', EXTENSION, { productName: 'Milano' }),
    chain('snp-certified-svn', 'Every SVN is certified.', EXTENSION, { without: ['3.8'] }),
    {
      ...chain('snp-reserved-svn', 'Only reserved SVNs may be left out.', EXTENSION, {
        without: ['3.1'],
      }),
      accepted: amd({ without: ['3.4', '3.5'] }),
    },
    chain('snp-vcek-no-cloud', 'A VCEK names no cloud.', EXTENSION, {
      more: [{ oid: '1.3.6.1.4.1.3704.1.5', critical: false, value: derIa5String('CN=cloud') }],
    }),
    chain('snp-svn-byte', 'A certified SVN is a byte.', EXTENSION, { svns: { 3: 256 } }),
    chain('snp-chip-certified', 'A VCEK names its chip.', EXTENSION, { without: ['4'] }),
    of(
      'snp-vlek',
      chain('snp-cloud-certified', 'A VLEK names its cloud.', EXTENSION, {
        kind: 'vlek',
        without: ['5'],
      }),
    ),
    of(
      'snp-turin',
      chain('snp-turin-fmc', 'From Turin on, the FMC is certified.', EXTENSION, {
        product: 'Turin',
        without: ['3.9'],
      }),
    ),
    chain('snp-tcb', 'The reported TCB is the certified one.', TCB, {
      reportedTcb: '0300000000000874',
    }),
    of(
      'snp-turin',
      chain('snp-turin-layout', 'A TCB is read in the order of its product.', TCB, {
        product: 'Turin',
        reportedTcb: '0203000000000448',
      }),
    ),
    {
      ...chain('snp-chip', 'The report is from the certified chip, or names none.', CHIP, {
        chipId: new Uint8Array(64).fill(1),
      }),
      accepted: amd({ chipId: new Uint8Array(64) }),
    },
    chain('snp-cpu-family', 'The report is from a CPU of the certified product.', CHIP, {
      family: 0x1a,
    }),
    chain('snp-version', 'The version is 2, 3 or 5.', 'ERR_SNP_REPORT_VERSION', { version: 6 }),
    {
      ...chain('snp-mitigations', 'Mitigation vectors exist from version 5 on.', FIELD, {
        version: 3,
        report: writing(OFFSET.launchMitigations, 1),
      }),
      accepted: amd({ version: 5, report: writing(OFFSET.launchMitigations, 1) }),
    },
    {
      ...chain('snp-vmpl-defined', 'VMPL is 0 to 3.', FIELD, { report: writing(OFFSET.vmpl, 4) }),
      accepted: amd({ report: writing(OFFSET.vmpl, 3) }),
    },
    chain('snp-reserved', 'Reserved bytes are zero.', FIELD, {
      version: 5,
      report: writing(OFFSET.reserved, 1),
    }),
    chain(
      'snp-signing-key',
      'The report names the kind of key that signed it.',
      'ERR_SNP_SIGNING_KEY',
      {
        report: writing(OFFSET.keyInfo, 1 << 2),
      },
    ),
    chain('snp-curve', 'The key is on P-384.', 'ERR_SNP_SIGNATURE', { leafCurve: 'P-256' }),
    report(
      'snp-signature',
      'The key signs the whole report.',
      'ERR_SNP_SIGNATURE',
      OFFSET.measurement,
    ),
    report(
      'snp-signature-rest',
      'Nothing follows r and s.',
      FIELD,
      SIGNATURE_OFFSET + 2 * NUMBER_BYTES,
    ),
    {
      id: 'snp-report-size',
      rule: 'A report has 1184 bytes.',
      fixture: 'snp',
      refused: rewritten((bytes) => bytes.slice(0, -1)),
      code: 'ERR_SNP_REPORT_SIZE',
    },
  ],
};

/** A rule that shows in report and chain. */
function chain(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  wish: AmdWish,
): CatalogueRule {
  return { id, rule, fixture: 'snp', refused: amd(wish), code };
}

/** The same rule for another fixture. */
function of(fixture: FixtureName, rule: CatalogueRule): CatalogueRule {
  return { ...rule, fixture };
}

/** A rule that shows in the revocation list. */
function list(id: string, rule: string, code: CatalogueRule['code'], wish: AmdWish): CatalogueRule {
  const accepted = amdList({ revoked: [1n], listUntil: AMD_NOW });
  return { id, rule, fixture: 'snp', accepted, refused: amdList(wish), code };
}

/** A rule that shows in one byte of the report after it was signed. */
function report(
  id: string,
  rule: string,
  code: CatalogueRule['code'],
  offset: number,
): CatalogueRule {
  const refused = rewritten((bytes) => {
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    return bytes;
  });
  return { id, rule, fixture: 'snp', refused, code };
}

function rewritten(change: (report: Uint8Array) => Uint8Array): MakeParts {
  return ({ fixture }) => ({ report: toBase64(change(fromBase64(String(fixture['report'])))) });
}

function chainOf(fixture: Parameters<typeof memberOf>[0]): readonly string[] {
  // Sound: fixtures with endorsements have their chain.
  return memberOf(fixture, 'endorsements')['chain'] as readonly string[];
}

function days(count: number): string {
  return new Date(AMD_NOW.getTime() + count * 86_400_000).toISOString();
}
