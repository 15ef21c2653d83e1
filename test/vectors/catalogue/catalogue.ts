// SPDX-License-Identifier: Apache-2.0
import { BINDING } from './binding.ts';
import type { CatalogueArea } from './catalogue-rule.ts';
import { DCAP_AUTHORITIES } from './dcap-authorities.ts';
import { DCAP_CERTIFICATES } from './dcap-certificates.ts';
import { EVENT_LOG } from './event-log.ts';
import { HOST_NAMES } from './host-names.ts';
import { POLICY_TCB } from './policy-tcb.ts';
import { POLICY } from './policy.ts';
import { PRIVATE_CHAIN } from './private-chain.ts';
import { QUOTE_LAYOUT } from './quote-layout.ts';
import { QUOTE_SIGNATURES } from './quote-signatures.ts';
import { QUOTING_ENCLAVE } from './quoting-enclave.ts';
import { REVOCATION } from './revocation.ts';
import { SNP_POLICY } from './snp-policy.ts';
import { SNP } from './snp.ts';
import { TCB_DOCUMENTS } from './tcb-documents.ts';
import { TCB_LEVELS } from './tcb-levels.ts';
import { TD_POLICY } from './td-policy.ts';
import { TDX_MODULE } from './tdx-module.ts';
import { UNBOUND_DOCUMENT } from './unbound-document.ts';
import { VALIDITY } from './validity.ts';

/** Every rule, by the name of the file that its vectors are in. */
export const CATALOGUE: Readonly<Record<string, CatalogueArea>> = {
  'quote-layout': QUOTE_LAYOUT,
  'quote-signatures': QUOTE_SIGNATURES,
  'dcap-certificates': DCAP_CERTIFICATES,
  'dcap-authorities': DCAP_AUTHORITIES,
  validity: VALIDITY,
  revocation: REVOCATION,
  'tcb-documents': TCB_DOCUMENTS,
  'quoting-enclave': QUOTING_ENCLAVE,
  'tdx-module': TDX_MODULE,
  'tcb-levels': TCB_LEVELS,
  'td-policy': TD_POLICY,
  snp: SNP,
  'snp-policy': SNP_POLICY,
  binding: BINDING,
  'event-log': EVENT_LOG,
  'unbound-document': UNBOUND_DOCUMENT,
  'private-chain': PRIVATE_CHAIN,
  'host-names': HOST_NAMES,
  policy: POLICY,
  'policy-tcb': POLICY_TCB,
};
