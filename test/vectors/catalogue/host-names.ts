// SPDX-License-Identifier: Apache-2.0
import {
  derContext,
  derSequence,
  nameConstraintsExtension,
  subjectAltNameExtension,
  utf8,
  X509_EXTENSION,
} from '@proofgate/evidence';
import { caExtensions, serverExtensions } from '../making/certificates.ts';
import { fixed, issued } from '../making/make-parts.ts';
import { APP_HOST, type ChainWish } from '../making/private-chain.ts';
import type { CatalogueArea, CatalogueRule } from './catalogue-rule.ts';
import { chain, leaf } from './chain-rule.ts';

const HOSTNAME = 'ERR_CERT_HOSTNAME';
const CONSTRAINT = 'ERR_CERT_NAME_CONSTRAINT';
const NETWORK = Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0);

/** Permits mail addresses of a domain, and so says nothing about hosts. */
const EMAIL_CONSTRAINT = {
  oid: X509_EXTENSION.nameConstraints,
  critical: true,
  value: derSequence(derContext(0, true, derSequence(derContext(1, false, utf8('example.com'))))),
};

/** Names in certificates (RFC 9525, section 6) and who may issue them (RFC 5280, section 4.2.1.10). */
export const HOST_NAMES: CatalogueArea = {
  area: 'names in certificates of a private PKI',
  rules: [
    chain('chain-host', 'The leaf is for the host.', {
      refused: { leaf: { extensions: serverExtensions(['other.example.com']) } },
      code: HOSTNAME,
    }),
    chain('chain-host-wildcard', 'A wildcard stands for one label.', {
      accepted: { leaf: { extensions: serverExtensions(['*.example.com']) } },
      refused: { leaf: { extensions: serverExtensions(['*.com']) } },
      code: HOSTNAME,
    }),
    chain('chain-host-wildcard-domain', 'A wildcard stands within its own domain.', {
      accepted: { leaf: { extensions: serverExtensions(['*.example.com']) } },
      refused: { leaf: { extensions: serverExtensions(['*.example.org']) } },
      code: HOSTNAME,
    }),
    chain('chain-host-partial-wildcard', 'A wildcard is a whole label.', {
      accepted: { leaf: { extensions: serverExtensions(['*.example.com']) } },
      refused: { leaf: { extensions: serverExtensions(['a*.example.com']) } },
      code: HOSTNAME,
    }),
    chain('chain-common-name', 'The common name is no host name.', {
      accepted: leaf(subjectAltNameExtension({ dns: [APP_HOST] })),
      refused: { leaf: { commonName: APP_HOST, extensions: [] } },
      code: HOSTNAME,
    }),
    {
      id: 'chain-host-top-level-wildcard',
      rule: 'A wildcard has two labels behind it.',
      fixture: 'private-chain',
      with: fixed({ hostname: 'app.test' }),
      accepted: issued({ leaf: { extensions: serverExtensions(['app.test']) } }),
      refused: issued({ leaf: { extensions: serverExtensions(['*.test']) } }),
      code: HOSTNAME,
    },
    {
      id: 'chain-address',
      rule: 'An address is compared with addresses.',
      fixture: 'private-chain',
      with: fixed({ hostname: '10.0.0.1' }),
      accepted: issued(leaf(subjectAltNameExtension({ ip: [Uint8Array.of(10, 0, 0, 1)] }))),
      refused: issued(leaf(subjectAltNameExtension({ dns: ['10.0.0.1'] }))),
      code: HOSTNAME,
    },
    {
      id: 'chain-address-v6',
      rule: 'An IPv6 address is compared in full, however it is written.',
      fixture: 'private-chain',
      with: fixed({ hostname: '[2001:db8::1]' }),
      accepted: issued(addressV6(1)),
      refused: issued(addressV6(2)),
      code: HOSTNAME,
    },
    ...constraints(),
  ],
};

/** Name constraints (RFC 5280, section 4.2.1.10). */
function constraints(): CatalogueRule[] {
  const under = (names: Parameters<typeof nameConstraintsExtension>[0]): ChainWish => ({
    ca: { extensions: caExtensions(0, nameConstraintsExtension(names)) },
  });
  return [
    chain('chain-permitted-names', 'Names lie within what a CA may issue.', {
      accepted: under({ permitted: { dns: ['example.com'] } }),
      refused: under({ permitted: { dns: ['ample.com'] } }),
      code: CONSTRAINT,
    }),
    chain('chain-excluded-names', 'No name lies within what a CA may not issue.', {
      accepted: under({ excluded: { dns: ['other.example.com'] } }),
      refused: under({ excluded: { dns: ['example.com'] } }),
      code: CONSTRAINT,
    }),
    chain('chain-constrained-wildcard', 'A wildcard reaches nothing that a CA may not issue.', {
      accepted: {
        ...under({ excluded: { dns: ['app.example.org'] } }),
        leaf: { extensions: serverExtensions(['*.example.com']) },
      },
      refused: {
        ...under({ excluded: { dns: ['app.example.com'] } }),
        leaf: { extensions: serverExtensions(['*.example.com']) },
      },
      code: CONSTRAINT,
    }),
    chain('chain-constraint-kinds', 'Constraints on names of other kinds are not ignored.', {
      accepted: under({ permitted: { dns: ['example.com'] } }),
      refused: { ca: { extensions: caExtensions(0, EMAIL_CONSTRAINT) } },
      code: CONSTRAINT,
    }),
    chain('chain-constrained-form', 'A name that cannot be compared is outside.', {
      accepted: {
        ...under({ permitted: { dns: ['example.com'] } }),
        leaf: { extensions: serverExtensions([APP_HOST, 'b.example.com']) },
      },
      refused: {
        ...under({ permitted: { dns: ['example.com'] } }),
        leaf: { extensions: serverExtensions([APP_HOST, 'b!.example.com']) },
      },
      code: CONSTRAINT,
    }),
    {
      id: 'chain-excluded-addresses',
      rule: 'No address lies within what a CA may not issue.',
      fixture: 'private-chain',
      with: fixed({ hostname: null }),
      accepted: issued({ ...under({ excluded: { ip: [NETWORK] } }), ...address(11, 1, 2, 3) }),
      refused: issued({ ...under({ excluded: { ip: [NETWORK] } }), ...address(10, 1, 2, 3) }),
      code: CONSTRAINT,
    },
    {
      id: 'chain-address-family',
      rule: 'What is permitted for IPv4 permits no IPv6.',
      fixture: 'private-chain',
      with: fixed({ hostname: null }),
      accepted: issued({ ...under({ permitted: { ip: [NETWORK] } }), ...address(10, 1, 2, 3) }),
      refused: issued({ ...under({ permitted: { ip: [NETWORK] } }), ...addressV6(1) }),
      code: CONSTRAINT,
    },
    {
      id: 'chain-permitted-addresses',
      rule: 'Addresses lie within what a CA may issue.',
      fixture: 'private-chain',
      with: fixed({ hostname: null }),
      accepted: issued({ ...under({ permitted: { ip: [NETWORK] } }), ...address(10, 1, 2, 3) }),
      refused: issued({ ...under({ permitted: { ip: [NETWORK] } }), ...address(11, 1, 2, 3) }),
      code: CONSTRAINT,
    },
  ];
}

function address(...octets: readonly number[]): ChainWish {
  return leaf(subjectAltNameExtension({ ip: [Uint8Array.from(octets)] }));
}

/** A leaf for an address in 2001:db8::/32. */
function addressV6(last: number): ChainWish {
  return address(0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), last);
}
