// SPDX-License-Identifier: Apache-2.0
// A small tree with the folders of this repository in which every layer rule is broken on purpose, next to imports
// that must stay allowed.

/**
 * @typedef {object} Planted
 * @property {string} file where the import is planted
 * @property {string} imports the module specifier
 * @property {string[]} rules the rules that must fire for this file, and no other
 */

/** @type {readonly Planted[]} */
export const PLANTED = [
  // Allowed: a rule that fires here is too wide.
  { file: 'evidence/src/uses-hashes.ts', imports: '@noble/hashes/sha2.js', rules: [] },
  { file: 'verifier/src/uses-evidence.ts', imports: '@proofgate/evidence', rules: [] },
  { file: 'verifier/src/node/uses-tls.ts', imports: 'node:tls', rules: [] },
  { file: 'verifier/src/node/uses-core.ts', imports: '../index.ts', rules: [] },
  { file: 'daemon/src/uses-third-party.ts', imports: 'third-party', rules: [] },
  { file: 'proxy/src/uses-ca.ts', imports: '@proofgate/ca', rules: [] },
  { file: 'launcher/src/uses-daemon.ts', imports: '@proofgate/daemon', rules: [] },
  { file: 'cli/src/uses-simulator.ts', imports: '@proofgate/simulator', rules: [] },
  { file: 'cli/src/uses-connectors.ts', imports: '@proofgate/verifier/node', rules: [] },
  { file: 'proxy/test/uses-inside.test.ts', imports: '../src/inside.ts', rules: [] },
  { file: 'proxy/test/uses-simulator.test.ts', imports: '@proofgate/simulator', rules: [] },
  { file: 'bench/src/uses-proxy.ts', imports: '@proofgate/proxy', rules: [] },
  { file: 'bench/src/uses-authorities.ts', imports: '@proofgate/ca/authorities', rules: [] },

  // L0
  { file: 'evidence/src/to-node.ts', imports: 'node:crypto', rules: ['browser-safe'] },
  { file: 'evidence/src/to-bare-node.ts', imports: 'fs', rules: ['browser-safe'] },
  { file: 'evidence/src/to-npm.ts', imports: 'third-party', rules: ['evidence-third-party'] },
  {
    file: 'evidence/src/to-ours.ts',
    imports: '@proofgate/daemon',
    rules: ['evidence-is-the-bottom'],
  },
  {
    file: 'evidence/src/to-product.ts',
    imports: '@proofgate/control-plane',
    rules: ['evidence-is-the-bottom'],
  },

  // L1
  { file: 'verifier/src/to-node.ts', imports: 'node:tls', rules: ['browser-safe'] },
  { file: 'verifier/src/to-npm.ts', imports: 'third-party', rules: ['verifier-third-party'] },
  {
    file: 'verifier/src/to-connectors.ts',
    imports: './node/index.ts',
    rules: ['verifier-core-stays-in-the-core'],
  },
  {
    file: 'verifier/src/to-library.ts',
    imports: '@proofgate/api',
    rules: ['libraries-import-only-evidence'],
  },
  {
    file: 'attester/src/to-library.ts',
    imports: '@proofgate/simulator',
    rules: ['libraries-import-only-evidence'],
  },
  {
    file: 'daemon/src/to-product.ts',
    imports: '@proofgate/ca',
    rules: ['libraries-import-only-evidence'],
  },

  // L2
  {
    file: 'proxy/src/to-product.ts',
    imports: '@proofgate/launcher',
    rules: ['products-do-not-import-products'],
  },
  {
    file: 'launcher/src/to-top.ts',
    imports: '@proofgate/cli',
    rules: ['products-do-not-import-products'],
  },
  {
    file: 'control-plane/src/to-simulator.ts',
    imports: '@proofgate/simulator',
    rules: ['products-do-not-import-the-simulator'],
  },
  {
    file: 'proxy/src/to-authorities.ts',
    imports: '@proofgate/ca/authorities',
    rules: ['products-do-not-import-products'],
  },
  {
    file: 'proxy/src/to-inside-of-ca.ts',
    imports: '../../ca/src/inside.ts',
    rules: ['packages-by-their-entry', 'products-do-not-import-products'],
  },

  // Everywhere
  { file: 'cli/src/to-bench.ts', imports: '@proofgate/bench', rules: ['cli-is-the-top'] },
  {
    file: 'bench/src/to-inside.ts',
    imports: '../../proxy/src/inside.ts',
    rules: ['packages-by-their-entry'],
  },
  {
    file: 'examples/app/src/to-inside.ts',
    imports: '../../../evidence/src/inside.ts',
    rules: ['packages-by-their-entry'],
  },
  {
    file: 'proxy/test/to-inside.test.ts',
    imports: '../../evidence/src/inside.ts',
    rules: ['packages-by-their-entry'],
  },
  { file: 'cli/src/to-main.ts', imports: './main.ts', rules: ['nothing-imports-main'] },
  { file: 'cli/test/to-main.test.ts', imports: '../src/main.ts', rules: ['nothing-imports-main'] },
  { file: 'cli/src/deep/to-main.ts', imports: './main.ts', rules: ['nothing-imports-main'] },
  {
    file: 'daemon/src/to-test.ts',
    imports: '../test/fake.ts',
    rules: ['no-test-code-in-src'],
  },
  { file: 'api/src/cycle-a.ts', imports: './cycle-b.ts', rules: ['no-circular'] },
  // A cycle is reported once, where it is entered first.
  { file: 'api/src/cycle-b.ts', imports: './cycle-a.ts', rules: [] },
];

/** Packages of the tree, by folder. */
export const PACKAGES = [
  'evidence',
  'verifier',
  'attester',
  'simulator',
  'api',
  'daemon',
  'proxy',
  'launcher',
  'control-plane',
  'ca',
  'cli',
  'bench',
  'examples/app',
];

/** Files that planted imports point to. */
export const TARGETS = [
  ...PACKAGES.map((folder) => `${folder}/src/index.ts`),
  ...PACKAGES.map((folder) => `${folder}/src/inside.ts`),
  'verifier/src/node/index.ts',
  'ca/src/authorities/index.ts',
  'cli/src/main.ts',
  'cli/src/deep/main.ts',
  'daemon/test/fake.ts',
  'node_modules/third-party/index.js',
  'node_modules/@noble/hashes/sha2.js',
];
