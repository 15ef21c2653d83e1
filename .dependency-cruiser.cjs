// SPDX-License-Identifier: Apache-2.0
'use strict';

// The layer rules of docs/architecture.md. tools/check-layers.mjs plants a violation of each rule and expects it to fire.
const L1 = 'verifier|attester|simulator|api|daemon';
const products = 'proxy|launcher|control-plane|ca';
const code = `evidence|${L1}|${products}|cli`;
const free = 'test|bench|images|examples';
const browserSafe = '^(evidence|verifier)/src/';
const nodeSide = '^verifier/src/node/';

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'A cycle cannot be read or tested from the bottom up.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'browser-safe',
      severity: 'error',
      comment: 'evidence and the core of verifier run in browsers: no Node built-ins.',
      from: { path: browserSafe, pathNot: nodeSide },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'verifier-core-stays-in-the-core',
      severity: 'error',
      comment: 'The TLS connectors are built on the core, never the other way round.',
      from: { path: '^verifier/src/', pathNot: nodeSide },
      to: { path: nodeSide },
    },
    {
      name: 'evidence-third-party',
      severity: 'error',
      comment: 'evidence may use @noble/hashes and nothing else.',
      from: { path: '^evidence/src/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/@noble/hashes/' },
    },
    {
      name: 'verifier-third-party',
      severity: 'error',
      comment: 'What judges evidence has no third-party code.',
      from: { path: '^verifier/src/', pathNot: nodeSide },
      to: { path: 'node_modules/' },
    },
    {
      name: 'evidence-is-the-bottom',
      severity: 'error',
      comment: 'L0 imports nothing of ours.',
      from: { path: '^evidence/src/' },
      to: { path: `^(${L1}|${products}|cli|${free})/` },
    },
    {
      name: 'libraries-import-only-evidence',
      severity: 'error',
      comment: 'L1 libraries do not import each other or anything above.',
      from: { path: `^(${L1})/src/` },
      to: { path: `^(${L1}|${products}|cli|${free})/`, pathNot: '^$1/' },
    },
    {
      name: 'products-do-not-import-products',
      severity: 'error',
      comment:
        'Products talk over sockets; ca alone is a library as well, through its public entry.',
      from: { path: `^(${products})/src/` },
      to: { path: `^(${products}|cli|${free})/`, pathNot: ['^$1/', '^ca/src/index\\.ts$'] },
    },
    {
      name: 'products-do-not-import-the-simulator',
      severity: 'error',
      comment: 'Simulated evidence reaches products over the same interface as hardware evidence.',
      from: { path: `^(${products})/src/` },
      to: { path: '^simulator/' },
    },
    {
      name: 'cli-is-the-top',
      severity: 'error',
      comment: 'Nothing of the product imports test, bench, images or examples.',
      from: { path: `^(${code})/src/` },
      to: { path: `^(${free})/` },
    },
    {
      name: 'packages-by-their-entry',
      severity: 'error',
      comment: 'Another package is imported by its public entry.',
      from: { path: `^(${code}|examples/[^/]+|images|bench)/` },
      to: {
        path: `^(${code})/src/`,
        pathNot: [
          '^$1/',
          '/src/index\\.ts$',
          '/src/node/index\\.ts$',
          '^ca/src/(authorities|enrolment|operator)/index\\.ts$',
        ],
      },
    },
    {
      name: 'nothing-imports-main',
      severity: 'error',
      comment: 'main.ts wires a process together; it is started, never imported.',
      from: {},
      to: { path: ['/src/main\\.ts$', '/src/.+/main\\.ts$'] },
    },
    {
      name: 'no-test-code-in-src',
      severity: 'error',
      comment: 'What ships does not depend on what tests it.',
      from: { path: '/src/' },
      to: { path: '(^|/)test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@proofgate/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
