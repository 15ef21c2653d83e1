// SPDX-License-Identifier: Apache-2.0
import { encodePem, fromHex } from '@proofgate/evidence';
import type { AddressInfo } from 'node:net';
import type { QuoteKind } from '../description/platform-description.ts';
import { SimulatorError } from '../errors.ts';
import type { SimulatedPlatform } from '../simulated-platform.ts';
import {
  closeService,
  createService,
  type ServiceAnswer,
  type ServiceLogger,
  type RunningService,
} from './http-service.ts';
import { malformed } from './request-fields.ts';
import { routed, type Query, type Route, type Routes } from './routes.ts';

/** What is served, and where. */
export interface ServeCollateralOptions {
  readonly platform: SimulatedPlatform;
  /** @defaultValue `127.0.0.1` */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger?: ServiceLogger;
}

/** `update` chooses between two releases of Intel's; a simulated platform has one, which is both. */
const UPDATE = 'update';

/**
 * Offers a simulated platform's collateral over HTTP, under the paths of Intel's Provisioning Certification Service
 * and of the caching services that imitate it. Collateral is signed, so plain HTTP is enough.
 *
 * @param options - the platform and the address
 * @returns the running service and its base URL
 * @throws SimulatorError `ERR_SIMULATOR_LISTEN`
 */
export async function serveCollateral(
  options: ServeCollateralOptions,
): Promise<RunningService & { readonly url: string }> {
  const { platform, host = '127.0.0.1', port, logger } = options;
  const server = createService(routed(collateralRoutes(platform)), logger);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new SimulatorError('ERR_SIMULATOR_LISTEN', `cannot listen on ${host}:${port}`, {
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  // Sound: a server that listens on a port has an AddressInfo.
  const address = server.address() as AddressInfo;
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${authority}:${address.port}`,
    close: () => closeService(server),
  };
}

/** Intel PCS API v4, and the two paths at which caching services offer the root's revocation list. */
function collateralRoutes(platform: SimulatedPlatform): Routes {
  const tcb = (kind: QuoteKind): Readonly<Record<string, Route>> => ({
    GET: [['fmspc', UPDATE], (query) => tcbInfo(platform, kind, query)],
  });
  const identity = (kind: QuoteKind): Readonly<Record<string, Route>> => ({
    GET: [[UPDATE], (query) => qeIdentity(platform, kind, query)],
  });
  return {
    '/tdx/certification/v4/tcb': tcb('tdx'),
    '/sgx/certification/v4/tcb': tcb('sgx'),
    '/tdx/certification/v4/qe/identity': identity('tdx'),
    '/sgx/certification/v4/qe/identity': identity('sgx'),
    '/sgx/certification/v4/pckcrl': {
      GET: [['ca', 'encoding'], (query) => pckCrl(platform, query)],
    },
    '/sgx/certification/v4/rootcacrl': { GET: [[], () => rootCrlHex(platform)] },
    '/IntelSGXRootCA.der': { GET: [[], () => rootCrlDer(platform)] },
  };
}

function tcbInfo(platform: SimulatedPlatform, kind: QuoteKind, query: Query): ServiceAnswer {
  requireRelease(query);
  const fmspc = query.get('fmspc');
  if (fmspc === undefined || !/^[0-9a-f]{12}$/i.test(fmspc)) {
    throw malformed('query parameter fmspc is not 6 bytes of hex');
  }
  if (fmspc.toLowerCase() !== platform.fmspc) {
    throw new SimulatorError('ERR_SIMULATOR_NOT_FOUND', `no platform has FMSPC ${fmspc}`);
  }
  const collateral = platform.collateral(kind);
  return signedJson('tcbInfo', collateral.tcb_info, collateral.tcb_info_signature, {
    'TCB-Info-Issuer-Chain': encodeURIComponent(collateral.tcb_info_issuer_chain),
  });
}

function qeIdentity(platform: SimulatedPlatform, kind: QuoteKind, query: Query): ServiceAnswer {
  requireRelease(query);
  const collateral = platform.collateral(kind);
  return signedJson('enclaveIdentity', collateral.qe_identity, collateral.qe_identity_signature, {
    'SGX-Enclave-Identity-Issuer-Chain': encodeURIComponent(collateral.qe_identity_issuer_chain),
  });
}

function pckCrl(platform: SimulatedPlatform, query: Query): ServiceAnswer {
  const ca = query.get('ca');
  if (ca !== 'platform' && ca !== 'processor') {
    throw malformed('query parameter ca is neither platform nor processor');
  }
  if (ca === 'processor') {
    throw new SimulatorError('ERR_SIMULATOR_NOT_FOUND', 'there is no simulated PCK Processor CA');
  }
  const encoding = oneOf(query, 'encoding', ['pem', 'der'], 'pem');
  const collateral = platform.collateral();
  const der = fromHex(collateral.pck_crl);
  return {
    status: 200,
    headers: {
      'SGX-PCK-CRL-Issuer-Chain': encodeURIComponent(collateral.pck_crl_issuer_chain),
      'content-type': encoding === 'der' ? 'application/pkix-crl' : 'application/x-pem-file',
    },
    body: encoding === 'der' ? der : encodePem('X509 CRL', der),
  };
}

function rootCrlHex(platform: SimulatedPlatform): ServiceAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: platform.collateral().root_ca_crl,
  };
}

/** Intel's name for it says root CA; what it holds is the root CA's revocation list. */
function rootCrlDer(platform: SimulatedPlatform): ServiceAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/pkix-crl' },
    body: fromHex(platform.collateral().root_ca_crl),
  };
}

/** The signed text goes out byte for byte: the signature covers these bytes. */
function signedJson(
  name: string,
  text: string,
  signature: string,
  headers: Readonly<Record<string, string>>,
): ServiceAnswer {
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    body: `{"${name}":${text},"signature":"${signature}"}`,
  };
}

function requireRelease(query: Query): void {
  oneOf(query, UPDATE, ['standard', 'early'], 'standard');
}

function oneOf(query: Query, name: string, values: readonly string[], absent: string): string {
  const value = query.get(name) ?? absent;
  if (values.includes(value)) return value;
  throw malformed(`query parameter ${name} is none of ${values.join(', ')}`);
}
