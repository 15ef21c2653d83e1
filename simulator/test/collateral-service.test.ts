// SPDX-License-Identifier: Apache-2.0
import { decodePem, fromHex, toHex } from '@proofgate/evidence';
import {
  createSimulatedPlatform,
  serveCollateral,
  type RunningService,
} from '@proofgate/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const platform = createSimulatedPlatform({ at: new Date('2026-01-15T12:00:00Z') });
const collateral = platform.collateral();
let service: RunningService & { url: string };

beforeAll(async () => {
  service = await serveCollateral({ platform, port: 0 });
});
afterAll(() => service.close());

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`${service.url}${path}`, init);
}

describe('the collateral service', () => {
  it('listens on loopback', () => {
    expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('serves TCB information byte for byte, with its issuer chain', async () => {
    const answer = await get('/tdx/certification/v4/tcb?fmspc=F0f0f0f0f0f0&update=standard');
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(
      `{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`,
    );
    const chain = decodeURIComponent(answer.headers.get('TCB-Info-Issuer-Chain')!);
    expect(chain).toBe(collateral.tcb_info_issuer_chain);
    expect(decodePem(chain, 'CERTIFICATE')).toHaveLength(2);
  });

  it('serves the QE identity', async () => {
    const answer = await get('/tdx/certification/v4/qe/identity?update=early');
    expect(await answer.text()).toBe(
      `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`,
    );
    expect(decodeURIComponent(answer.headers.get('SGX-Enclave-Identity-Issuer-Chain')!)).toBe(
      collateral.qe_identity_issuer_chain,
    );
  });

  it('serves both for SGX', async () => {
    const tcb = await get('/sgx/certification/v4/tcb?fmspc=f0f0f0f0f0f0');
    expect(await tcb.json()).toMatchObject({ tcbInfo: { id: 'SGX' } });
    const identity = await get('/sgx/certification/v4/qe/identity');
    expect(await identity.json()).toMatchObject({ enclaveIdentity: { id: 'QE' } });
  });

  it('serves the PCK revocation list as DER and as PEM', async () => {
    const der = await get('/sgx/certification/v4/pckcrl?ca=platform&encoding=der');
    expect(toHex(new Uint8Array(await der.arrayBuffer()))).toBe(collateral.pck_crl);
    expect(decodeURIComponent(der.headers.get('SGX-PCK-CRL-Issuer-Chain')!)).toBe(
      collateral.pck_crl_issuer_chain,
    );
    const pem = await get('/sgx/certification/v4/pckcrl?ca=platform');
    expect(decodePem(await pem.text(), 'X509 CRL')).toEqual([fromHex(collateral.pck_crl)]);
  });

  it('serves the root revocation list as hex and as DER', async () => {
    const hex = await get('/sgx/certification/v4/rootcacrl');
    expect(await hex.text()).toBe(collateral.root_ca_crl);
    const der = await get('/IntelSGXRootCA.der');
    expect(toHex(new Uint8Array(await der.arrayBuffer()))).toBe(collateral.root_ca_crl);
  });

  it.each([
    ['/tdx/certification/v4/tcb?fmspc=00806f050000', 404, 'ERR_SIMULATOR_NOT_FOUND'],
    ['/tdx/certification/v4/tcb', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/tdx/certification/v4/tcb?fmspc=f0f0f0f0f0', 400, 'ERR_SIMULATOR_REQUEST'],
    [
      '/tdx/certification/v4/tcb?fmspc=f0f0f0f0f0f0&fmspc=f0f0f0f0f0f0',
      400,
      'ERR_SIMULATOR_REQUEST',
    ],
    ['/tdx/certification/v4/tcb?fmspc=f0f0f0f0f0f0&update=late', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/tdx/certification/v4/tcb?fmspc=f0f0f0f0f0f0&debug=1', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/tdx/certification/v4/qe/identity?fmspc=f0f0f0f0f0f0', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/sgx/certification/v4/pckcrl', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/sgx/certification/v4/pckcrl?ca=root', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/sgx/certification/v4/pckcrl?ca=processor', 404, 'ERR_SIMULATOR_NOT_FOUND'],
    ['/sgx/certification/v4/pckcrl?ca=platform&encoding=xml', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/sgx/certification/v4/rootcacrl?x=1', 400, 'ERR_SIMULATOR_REQUEST'],
    ['/tdx/certification/v3/tcb?fmspc=f0f0f0f0f0f0', 404, 'ERR_SIMULATOR_NOT_FOUND'],
    ['/__proto__', 404, 'ERR_SIMULATOR_NOT_FOUND'],
    ['/', 404, 'ERR_SIMULATOR_NOT_FOUND'],
  ])('refuses %s with %d', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it('takes no other method', async () => {
    const answer = await get('/IntelSGXRootCA.der', { method: 'POST', body: 'x' });
    expect(answer.status).toBe(405);
    expect(await answer.json()).toMatchObject({ code: 'ERR_SIMULATOR_METHOD' });
  });

  it('says when it cannot listen', async () => {
    const { port } = new URL(service.url);
    await expect(serveCollateral({ platform, port: Number(port) })).rejects.toMatchObject({
      code: 'ERR_SIMULATOR_LISTEN',
    });
  });
});
