// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toHex } from '@proofgate/evidence';
import type { VendorRoot } from './trust-anchor.ts';

/**
 * Intel SGX Root CA, the root of every SGX and TDX certificate: self-signed, P-256, 2018-05-21 to 2049-12-31.
 *
 * Source: the issuer chains that Intel's provisioning service sends with TCB info, QE identity and PCK CRL. Chains
 * recorded between 2023-06 and 2026-02, compared 2026-11-20, all end in these bytes. Intel publishes the same
 * certificate at https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.cer.
 */
export const INTEL_SGX_ROOT_CA: Uint8Array = /* @__PURE__ */ fromBase64(
  'MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIwaDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJv' +
    'b3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJ' +
    'BgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoXDTQ5MTIzMTIzNTk1OVowaDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0Ex' +
    'GjAYBgNVBAoMEUludGVsIENvcnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNVBAYT' +
    'AlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi71OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL' +
    '0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOBuzCBuDAfBgNVHSMEGDAWgBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJ' +
    'MEegRaBDhkFodHRwczovL2NlcnRpZmljYXRlcy50cnVzdGVkc2VydmljZXMuaW50ZWwuY29tL0ludGVsU0dYUm9vdENBLmRl' +
    'cjAdBgNVHQ4EFgQUImUM1lqdNInzg7SVUr9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwCgYI' +
    'KoZIzj0EAwIDSQAwRgIhAOW/5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwgAiEA4J0lrHoMs+Xo5o/sX6O9QWxHRAvZ' +
    'UGOdRQ7cvqRXaqI=',
);

/** SHA-256 of {@link INTEL_SGX_ROOT_CA} in hex. The pin is the hash, so that verifying needs not carry the certificate. */
const INTEL_SGX_ROOT_SHA256 = '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3';

/** Intel's root, for quotes and their collateral. */
export const INTEL_ROOT: VendorRoot = {
  anchor: 'intel',
  what: 'Intel SGX Root CA',
  matches: (_certificate, hash) => toHex(hash) === INTEL_SGX_ROOT_SHA256,
};
