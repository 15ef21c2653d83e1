// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attestationServersHash,
  buildTree,
  concatBytes,
  encodeAuditManifest,
  equalBytes,
  fromHex,
  MAX_AUDIT_MANIFEST_BYTES,
  MAX_LEAF_NAME_BYTES,
  MAX_TREE_LEAVES,
  parseAuditManifest,
  platformTree,
  runtimeVersionHash,
  sha256,
  toHex,
  utf8,
  workloadsHash,
  workloadTree,
  type ConfigurationTree,
} from '@proofgate/evidence';
import { refusal, refusalError } from './refusal.ts';

// Worked examples of RA-TLS v1.
const dA = sha256(utf8('image-a'));
const dB = sha256(utf8('image-b'));
const servers = ['https://b.example/verify', 'https://a.example/verify'];
const caCertFile = utf8('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
const workloads = [
  { name: 'web', imageDigest: dA },
  { name: 'api', imageDigest: dB },
];
const everything = platformTree({ caCertFile, attestationServers: servers, workloads });

function hashes(tree: ConfigurationTree): Record<string, string> {
  return Object.fromEntries(tree.leaves.map(({ name, hash }) => [name, toHex(hash)]));
}

describe('platform tree', () => {
  it('uses the digests of the examples', () => {
    expect(toHex(dA)).toBe('84127d9feb9345703f2ea1ce0c14f6dfb935b8b04816230d160f03922c94ff31');
    expect(toHex(dB)).toBe('657f504b469e7f2a0d8ce3cd481194445f99ee57b40fc9d7fe28d8ecad1fc09b');
    expect(caCertFile.length).toBe(59);
  });

  it('example 1: no CA file, nothing loaded', () => {
    const tree = platformTree({ workloads: [] });
    expect(hashes(tree)).toEqual({ 'platform.ca_cert': '00'.repeat(32) });
    expect(toHex(tree.root)).toBe(
      '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925',
    );
    expect(toHex(workloadsHash([]))).toBe(toHex(sha256(new Uint8Array())));
  });

  it('example 2: everything', () => {
    expect(hashes(everything)).toEqual({
      'container.api.image_digest':
        '3cd7691869134bc3aa1360ab816e988ec881d5f9ce59e89ede063524e52e511e',
      'container.web.image_digest':
        '2b0af17dbefb6fe5bdd51f0f1f83ebab38ad38c43dd551600e85b4aedb0c0cc9',
      'platform.attestation_servers':
        'be7442c01ed2a0d883794486ec01e06517f899381071edec989f493c284e4543',
      'platform.ca_cert': '8010bfcee1842b2a4ce8f67c3e9455f0188f7a15bf39ec61a26feb75cd785821',
    });
    expect(toHex(everything.root)).toBe(
      '3c09122a3e97c7fdddd1e01edf30b5ecaf20cbfb450e231c3dc817097904766b',
    );
    expect(toHex(attestationServersHash(servers))).toBe(
      hashes(everything)['platform.attestation_servers'],
    );
    expect(toHex(workloadsHash(workloads))).toBe(
      '70d82a69f13abdb480c73e9760517e6dc330aa8c7938ae8f407ce6e81df6a793',
    );
  });

  it('example 2: audit manifest', () => {
    const manifest = encodeAuditManifest(everything);
    expect(manifest.length).toBe(268);
    expect(toHex(sha256(manifest))).toBe(
      '11e20fa51ba9266997436c48680b6735752f505084f491b40d793eadb50f0b07',
    );
  });

  it('hashes the runtime version', () => {
    expect(toHex(runtimeVersionHash('1.7.24'))).toBe(
      '4b98fc1f6d1567210a27df30da2cb6cdfe7feef852b7338d58a3717e700de8b3',
    );
    expect(toHex(runtimeVersionHash('v2.0.0'))).toBe(
      '1cf887de9e8df1530de6a3a80e5fb8cef3c26c5248611921bd860c85313a688f',
    );
  });

  it('does not depend on the order of its inputs, and keeps duplicates of servers', () => {
    const turned = platformTree({
      caCertFile,
      attestationServers: servers.toReversed(),
      workloads: workloads.toReversed(),
    });
    expect(toHex(turned.root)).toBe(toHex(everything.root));
    expect(toHex(attestationServersHash([...servers, servers[0]!]))).not.toBe(
      toHex(attestationServersHash(servers)),
    );
  });

  it.each<[string, () => unknown, string]>([
    ['a workload twice', () => workloadsHash([workloads[0]!, workloads[0]!]), 'ERR_TREE_INVALID'],
    [
      'a workload without a name',
      () => workloadsHash([{ name: '', imageDigest: dA }]),
      'ERR_TREE_INVALID',
    ],
    [
      'a digest of 31 bytes',
      () => workloadsHash([{ name: 'a', imageDigest: dA.subarray(1) }]),
      'ERR_BYTES_LENGTH',
    ],
    [
      'a line feed in a URL',
      () => attestationServersHash(['https://a\nhttps://b']),
      'ERR_TREE_INVALID',
    ],
    ['an empty URL', () => attestationServersHash(['']), 'ERR_TREE_INVALID'],
  ])('refuses %s', (_, build, code) => {
    expect(refusal(build)).toBe(code);
  });
});

describe('workload tree', () => {
  const web = {
    name: 'web',
    imageRef: `ghcr.io/example/web@sha256:${toHex(dA)}`,
    imageDigest: dA,
    command: ['/bin/server', '--listen', ':8081'],
    volumes: ['/var/run/x:/x:ro', '/run/containers/web:/data'],
  };

  it('example 3: command and volumes', () => {
    const tree = workloadTree(web);
    expect(web.imageRef.length).toBe(91);
    expect(hashes(tree)).toEqual({
      'container.command_hash': 'edb725ac07a5bd73ce92d4f06534a666dce5d5e351dcc7a5327852f359f79399',
      'container.image_digest': '2b0af17dbefb6fe5bdd51f0f1f83ebab38ad38c43dd551600e85b4aedb0c0cc9',
      'container.image_ref': '90eb37e37c345555f00f3f495caf074dcd08d2d6fbbedf78903000d1bdc9fdee',
      'container.name': '4b5e57f6eb2f42b9039b3d1e13929295f231749c510cbe341cd68036d9af97e2',
      'container.volumes_hash': 'e834b822ef090dd1030c3f3b94ead90dbe2d9fbf0fb7bc24d047a6e8c50d9dc2',
    });
    expect(toHex(tree.root)).toBe(
      '3d3fc8aca012773776c372a85fc02ad81ec6aa70884e52077ac13231d69d00c8',
    );
  });

  it('example 3: data behind the list leaves', () => {
    const leaf = (name: string): string | undefined =>
      hashes(workloadTree({ ...web, env: { B: '2', A: '1' } }))[name];
    const hashOf = (hex: string): string => toHex(sha256(fromHex(hex)));
    expect(leaf('container.command_hash')).toBe(
      hashOf('03d19c31b2c7fc491a2a5a5883c1dddfec6d2214c1865527f6353a9db679a14c'),
    );
    expect(leaf('container.volumes_hash')).toBe(
      hashOf('eb8e899b4e1aa700fa8556c181c447d4dd7d9ff14058592ba84dfb12f4d9c597'),
    );
    expect(leaf('container.env_hash')).toBe(
      hashOf('22ee4d94a93a2f30a119c526110772278f3469e2e234c85c8c13b3c80d88989e'),
    );
  });

  it('example 3: with environment', () => {
    expect(toHex(workloadTree({ ...web, env: { B: '2', A: '1' } }).root)).toBe(
      '744ddf6096908c4b7f52d8897bd4fc9121aafb48e3055f8a8ea5e9203fc430c8',
    );
  });

  it('example 4: nothing but name and image', () => {
    const imageRef = `ghcr.io/example/api@sha256:${toHex(dB)}`;
    const tree = workloadTree({ name: 'api', imageRef, imageDigest: dB, command: [], env: {} });
    expect(toHex(tree.root)).toBe(
      'e0a16f3c73af937043273e1e2e8873e37bf76cd6a1b9587ea195e833d308af9f',
    );
  });

  it('depends on the order of the command, not on that of volumes', () => {
    const root = (changes: object): string => toHex(workloadTree({ ...web, ...changes }).root);
    expect(root({ volumes: web.volumes.toReversed() })).toBe(root({}));
    expect(root({ command: web.command.toReversed() })).not.toBe(root({}));
  });

  it.each([
    ['a NUL in the command', { command: ['a\0b'] }],
    ['a NUL in the environment', { env: { A: 'b\0C=d' } }],
    ['a NUL in a volume', { volumes: ['\0'] }],
    ['"=" in a variable name', { env: { 'A=B': 'c' } }],
    ['an empty variable name', { env: { '': 'c' } }],
  ])('refuses %s', (_, changes) => {
    expect(refusal(() => workloadTree({ ...web, ...changes }))).toBe('ERR_TREE_INVALID');
  });

  it('limits the length of lists', () => {
    const command = (count: number): string =>
      refusal(() => workloadTree({ ...web, command: Array<string>(count).fill('a') }));
    expect(command(4096)).toBe('accepted');
    expect(command(4097)).toBe('ERR_TREE_INVALID');
  });

  it('accepts "=" in a value', () => {
    expect(refusal(() => workloadTree({ ...web, env: { A: 'B=c' } }))).toBe('accepted');
  });
});

describe('tree', () => {
  const root = (...leaves: [string, Uint8Array | undefined][]): string =>
    toHex(buildTree(leaves.map(([name, data]) => ({ name, data }))).root);

  it('has the roots of the library checks', () => {
    expect(root(['a', utf8('hello')])).toBe(
      '9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50',
    );
    expect(root(['present', utf8('data')], ['absent', undefined])).toBe(
      '449071c5e8465e2f457daf9fcc810345c75ef2eecf5d4decc3e86f16150db20f',
    );
    expect(root()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('tells empty data from absent data', () => {
    expect(root(['a', new Uint8Array()])).not.toBe(root(['a', undefined]));
  });

  it('sorts by the bytes of UTF-8, not by UTF-16 units', () => {
    // U+FF5E has the larger UTF-16 unit, U+1F600 the larger bytes.
    const names = buildTree([
      { name: '\u{1f600}', data: undefined },
      { name: '\uff5e', data: undefined },
    ]).leaves.map(({ name }) => name);
    expect(names).toEqual(['\uff5e', '\u{1f600}']);
  });

  it('limits names and leaves', () => {
    const leaf = (name: string): string => refusal(() => buildTree([{ name, data: undefined }]));
    expect(leaf('a'.repeat(MAX_LEAF_NAME_BYTES))).toBe('accepted');
    expect(leaf('a'.repeat(MAX_LEAF_NAME_BYTES + 1))).toBe('ERR_TREE_INVALID');
    expect(leaf('')).toBe('ERR_TREE_INVALID');
    const many = (count: number): string =>
      refusal(() =>
        buildTree(Array.from({ length: count }, (_, i) => ({ name: `${i}`, data: undefined }))),
      );
    expect(many(MAX_TREE_LEAVES)).toBe('accepted');
    expect(many(MAX_TREE_LEAVES + 1)).toBe('ERR_TREE_INVALID');
    expect(refusal(() => root(['a', undefined], ['a', utf8('')]))).toBe('ERR_TREE_INVALID');
  });
});

describe('audit manifest', () => {
  const INVALID = 'ERR_MANIFEST_INVALID';
  const manifest = encodeAuditManifest(everything);
  const leaf = (name: string, hash: string): string =>
    `${toHex(Uint8Array.of(name.length, 0))}${toHex(utf8(name))}${hash}`;
  const hash = '11'.repeat(32);
  const handMade = (count: string, ...leaves: string[]): Uint8Array => {
    const root = sha256(fromHex(hash.repeat(leaves.length)));
    return concatBytes(fromHex(count + leaves.join('')), root);
  };

  it('reads as it was written', () => {
    expect(parseAuditManifest(manifest)).toEqual(everything);
    const leaves = fc.uniqueArray(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 20 }),
        data: fc.option(fc.uint8Array({ maxLength: 9 }), { nil: undefined }),
      }),
      { selector: ({ name }) => name, maxLength: 12 },
    );
    fc.assert(
      fc.property(leaves, (input) => {
        const tree = buildTree(input);
        expect(parseAuditManifest(encodeAuditManifest(tree))).toEqual(tree);
      }),
    );
  });

  it('refuses another root, and any changed hash', () => {
    for (const at of [manifest.length - 1, manifest.length - 33]) {
      const changed = manifest.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(refusal(() => parseAuditManifest(changed))).toBe('ERR_MANIFEST_ROOT');
    }
  });

  it.each<[string, Uint8Array, string]>([
    ['two leaves', handMade('02000000', leaf('a', hash), leaf('b', hash)), 'accepted'],
    ['leaves out of order', handMade('02000000', leaf('b', hash), leaf('a', hash)), INVALID],
    ['a leaf twice', handMade('02000000', leaf('a', hash), leaf('a', hash)), INVALID],
    ['a leaf without a name', handMade('01000000', leaf('', hash)), INVALID],
    ['a name that is not UTF-8', handMade('01000000', `0100ff${hash}`), INVALID],
    ['fewer leaves than counted', handMade('03000000', leaf('a', hash), leaf('b', hash)), INVALID],
    ['more leaves than counted', handMade('01000000', leaf('a', hash), leaf('b', hash)), INVALID],
    ['four billion leaves', fromHex('ffffffff'), INVALID],
    ['nothing', new Uint8Array(), INVALID],
    ['a cut', manifest.subarray(0, -1), INVALID],
    ['a trailing byte', Uint8Array.of(...manifest, 0), INVALID],
    ['too many bytes', new Uint8Array(MAX_AUDIT_MANIFEST_BYTES + 1), INVALID],
  ])('with %s', (_, bytes, code) => {
    expect(refusal(() => parseAuditManifest(bytes))).toBe(code);
  });

  it('is measured before it is read', () => {
    const expected = (bytes: Uint8Array): string | undefined =>
      refusalError(() => parseAuditManifest(bytes))?.expected;
    expect(expected(new Uint8Array(MAX_AUDIT_MANIFEST_BYTES + 1))).toContain('bytes');
    expect(expected(new Uint8Array(MAX_AUDIT_MANIFEST_BYTES))).toBe('none');
    expect(expected(fromHex('ffffffff'))).toBe(`at most ${MAX_TREE_LEAVES}`);
  });

  it('hands out hashes of its own', () => {
    const tree = parseAuditManifest(manifest);
    expect(equalBytes(tree.root, everything.root)).toBe(true);
    tree.root.fill(0);
    expect(equalBytes(parseAuditManifest(manifest).root, everything.root)).toBe(true);
  });
});
