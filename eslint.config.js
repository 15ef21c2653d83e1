// SPDX-License-Identifier: Apache-2.0
import tseslint from 'typescript-eslint';

const typed = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-call': 'error',
  '@typescript-eslint/no-unsafe-member-access': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-readonly': 'error',
  '@typescript-eslint/strict-boolean-expressions': [
    'error',
    { allowString: false, allowNumber: false },
  ],
  '@typescript-eslint/consistent-type-imports': 'error',
  eqeqeq: ['error', 'always'],
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-depth': ['error', 3],
  complexity: ['error', 12],
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: ['**/src/**', '!../src/**', '!../../src/**', '!../../../src/**'],
          message: 'Import another workspace by its package name.',
        },
      ],
    },
  ],
};

const tests = ['**/test/**/*.ts', 'vitest.config.ts'];
const scripts = ['tools/**/*.mjs'];

export default [
  { ignores: ['**/dist/**', '**/*.js', '**/*.cjs', '.cache/**'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    ignores: tests,
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: typed,
  },
  {
    files: [...tests, ...scripts],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.tests.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: { ...typed, '@typescript-eslint/no-non-null-assertion': 'off', complexity: 'off' },
  },
  {
    // What they test is inside the launcher, and cannot be tested anywhere else.
    files: ['test/containers/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // The linter cannot see a cast in JSDoc; the compiler does.
    files: scripts,
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      complexity: ['error', 12],
    },
  },
];
