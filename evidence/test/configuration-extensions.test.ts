// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  attestationServersHash,
  describeOid,
  fromUtf8,
  MAX_EXTENSION_TEXT_BYTES,
  OID,
  platformExtensions,
  platformTree,
  routeExtensions,
  runtimeVersionHash,
  sha256,
  toHex,
  utf8,
  workloadExtensions,
  workloadsHash,
  workloadTree,
  type ExtensionValue,
  type PlatformFacts,
  type WorkloadFacts,
} from '@proofgate/evidence';
import { refusal } from './refusal.ts';

const imageDigest = sha256(utf8('image-a'));
const facts: PlatformFacts = {
  caCertFile: utf8('ca'),
  attestationServers: ['https://as.example.com/verify'],
  runtimeVersion: 'v2.0.0',
  imageProfile: 'production',
  dataKeyOrigin: 'vault:data',
  workloads: [{ name: 'web', imageDigest }],
};
const web: WorkloadFacts = {
  name: 'web',
  imageRef: `ghcr.io/example/web:1@sha256:${toHex(imageDigest)}`,
  imageDigest,
  command: ['/bin/server'],
  volumeKeyOrigin: 'generated',
  appId: '00112233-4455-6677-8899-aabbccddeeff',
};

const oids = (values: readonly ExtensionValue[]): string[] => values.map(({ oid }) => oid);
const valueOf = (values: readonly ExtensionValue[], oid: string): Uint8Array | undefined =>
  values.find((value) => value.oid === oid)?.value;

describe('configuration extensions', () => {
  it('of a platform', () => {
    const values = platformExtensions(facts);
    expect(oids(values)).toEqual([
      OID.platformRoot,
      OID.runtimeVersionHash,
      OID.workloadsHash,
      OID.dataKeyOrigin,
      OID.attestationServersHash,
      OID.imageProfile,
    ]);
    expect(valueOf(values, OID.platformRoot)).toEqual(platformTree(facts).root);
    expect(valueOf(values, OID.runtimeVersionHash)).toEqual(runtimeVersionHash('v2.0.0'));
    expect(valueOf(values, OID.workloadsHash)).toEqual(workloadsHash(facts.workloads));
    expect(valueOf(values, OID.attestationServersHash)).toEqual(
      attestationServersHash(facts.attestationServers),
    );
    expect(valueOf(values, OID.imageProfile)).toEqual(utf8('production'));
    expect(valueOf(values, OID.dataKeyOrigin)).toEqual(utf8('vault:data'));
  });

  it('of a workload: its own, then what the platform is', () => {
    const values = workloadExtensions(web, facts);
    expect(oids(values)).toEqual([
      OID.workloadRoot,
      OID.imageDigest,
      OID.imageRef,
      OID.volumeKeyOrigin,
      OID.appId,
      ...oids(routeExtensions(facts)),
    ]);
    expect(valueOf(values, OID.workloadRoot)).toEqual(workloadTree(web).root);
    expect(valueOf(values, OID.imageDigest)).toEqual(imageDigest);
    expect(fromUtf8(valueOf(values, OID.imageRef)!)).toBe('ghcr.io/example/web:1');
    expect(toHex(valueOf(values, OID.appId)!)).toBe('00112233445566778899aabbccddeeff');
  });

  it('of a route: the platform without its root', () => {
    expect(platformExtensions(facts).slice(1)).toEqual(routeExtensions(facts));
  });

  it('leave out what is unknown', () => {
    const { imageProfile: _, dataKeyOrigin: __, ...known } = facts;
    const values = routeExtensions({ ...known, attestationServers: [] });
    expect(oids(values)).toEqual([OID.runtimeVersionHash, OID.workloadsHash]);
    const { volumeKeyOrigin: ___, appId: ____, ...plain } = web;
    expect(oids(workloadExtensions(plain, facts))).not.toContain(OID.appId);
  });

  const REFUSED = 'ERR_CONFIGURATION_FACTS';
  const platform = (changes: Partial<PlatformFacts>): string =>
    refusal(() => routeExtensions({ ...facts, ...changes }));
  const workload = (changes: Partial<WorkloadFacts>): string =>
    refusal(() => workloadExtensions({ ...web, ...changes }, facts));

  it('refuse text that is not clean', () => {
    expect(platform({ imageProfile: 'dev' })).toBe('accepted');
    expect(platform({ imageProfile: 'dev\n' })).toBe(REFUSED);
    expect(platform({ imageProfile: '' })).toBe(REFUSED);
    expect(platform({ dataKeyOrigin: 'a\u0000b' })).toBe(REFUSED);
    expect(platform({ dataKeyOrigin: 'a'.repeat(MAX_EXTENSION_TEXT_BYTES) })).toBe('accepted');
    expect(platform({ dataKeyOrigin: 'a'.repeat(MAX_EXTENSION_TEXT_BYTES + 1) })).toBe(REFUSED);
  });

  it('refuse an image reference that contradicts the digest', () => {
    const other = toHex(sha256(utf8('image-b')));
    expect(workload({ imageRef: `web@sha256:${other}` })).toBe(REFUSED);
    expect(workload({ imageRef: `web@sha512:${other}` })).toBe(REFUSED);
    expect(workload({ imageRef: 'web@' })).toBe(REFUSED);
    expect(workload({ imageRef: 'web' })).toBe('accepted');
  });

  it('refuse an application id that is no UUID', () => {
    expect(workload({ appId: '00112233445566778899AABBCCDDEEFF' })).toBe('accepted');
    expect(workload({ appId: '00112233-4455-6677-8899-aabbccddee' })).toBe(REFUSED);
    expect(workload({ appId: 'my-app' })).toBe(REFUSED);
  });
});

describe('object identifiers', () => {
  it('all have a description', () => {
    for (const oid of Object.values(OID)) expect(describeOid(oid)?.name).not.toBe('');
    expect(new Set(Object.values(OID).map((oid) => describeOid(oid)?.name)).size).toBe(
      Object.values(OID).length,
    );
  });

  it('leave room for applications, and nothing else', () => {
    expect(describeOid(`${OID.configurationHash}.7`)?.name).toBe('application value');
    expect(describeOid(`${OID.configurationHash}7`)).toBeUndefined();
    expect(describeOid('2.5.29.19')).toBeUndefined();
  });
});
