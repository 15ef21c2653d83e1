// SPDX-License-Identifier: Apache-2.0
import type { PlatformDescription } from '@proofgate/simulator';
import { altered, QE_IDENTITY } from '../making/make-parts.ts';
import type { Alteration } from '../making/vector-maker.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';

type QeReport = PlatformDescription['quotingEnclaves']['tdx']['report'];

/** The quoting enclave against its identity (Intel DCAP library, step 4.1.2.5.16). */
export const QUOTING_ENCLAVE: CatalogueArea = {
  area: 'quoting enclave',
  rules: [
    enclave('qe-signer', 'MRSIGNER is the one of the identity.', {
      refused: (report) => {
        report.mrSigner = new Uint8Array(32).fill(1);
      },
      code: 'ERR_DCAP_QE_IDENTITY',
    }),
    enclave('qe-debug', 'The QE is not in debug mode.', {
      refused: (report) => {
        report.attributes = withFirstByte(report.attributes, (byte) => byte | 0x02);
      },
      code: 'ERR_DCAP_QE_IDENTITY',
    }),
    enclave('qe-attributes-mask', 'Attributes are compared under the mask, bit by bit.', {
      // Bit 2, MODE64BIT, is not in the mask of Intel’s identities; bit 5, EINITTOKEN_KEY, is.
      accepted: (report) => {
        report.attributes = withFirstByte(report.attributes, (byte) => byte ^ 0x04);
      },
      refused: (report) => {
        report.attributes = withFirstByte(report.attributes, (byte) => byte ^ 0x20);
      },
      code: 'ERR_DCAP_QE_IDENTITY',
    }),
    enclave('qe-misc-select', 'MISCSELECT is the one of the identity.', {
      refused: (report) => {
        report.miscSelect = 1;
      },
      code: 'ERR_DCAP_QE_IDENTITY',
    }),
    enclave('qe-product', 'ISVPRODID is the one of the identity.', {
      refused: (report) => {
        report.isvProdId = 1;
      },
      code: 'ERR_DCAP_QE_IDENTITY',
    }),
    enclave('qe-version', 'ISVSVN reaches a level of the identity.', {
      accepted: (report) => {
        report.isvSvn = 2;
      },
      status: 'OutOfDate',
      refused: (report) => {
        report.isvSvn = 1;
      },
      code: 'ERR_DCAP_TCB_NOT_SUPPORTED',
    }),
    {
      id: 'qe-revoked',
      rule: 'A QE at a revoked level is refused.',
      fixture: 'tdx',
      accepted: altered(QE_IDENTITY, bestStatus('OutOfDate')),
      claims: { tcbStatus: 'OutOfDate' },
      refused: altered(QE_IDENTITY, bestStatus('Revoked')),
      code: 'ERR_DCAP_TCB_REVOKED',
    },
  ],
};

interface EnclaveSides {
  readonly accepted?: (report: QeReport) => void;
  readonly status?: string;
  readonly refused: (report: QeReport) => void;
  readonly code: CatalogueRule['code'];
}

function enclave(
  id: string,
  rule: string,
  { accepted, status = 'UpToDate', refused, code }: EnclaveSides,
): CatalogueRule {
  const withReport = (change: (report: QeReport) => void) =>
    altered(['quote'], ({ quotingEnclaves }) => {
      change(quotingEnclaves.tdx.report);
    });
  return {
    id,
    rule,
    fixture: 'tdx',
    ...(accepted && { accepted: withReport(accepted) }),
    claims: { tcbStatus: status },
    refused: withReport(refused),
    code,
  };
}

function bestStatus(status: 'OutOfDate' | 'Revoked'): Alteration {
  return ({ collateral }) => {
    const [best] = collateral.tdx.qeIdentity.content.tcbLevels;
    if (best !== undefined) best.tcbStatus = status;
  };
}

function withFirstByte(bytes: Uint8Array, change: (byte: number) => number): Uint8Array {
  return bytes.map((byte, index) => (index === 0 ? change(byte) : byte));
}
