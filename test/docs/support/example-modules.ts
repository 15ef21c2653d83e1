// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { type CodeBlock, ROOT } from './markdown-page.ts';

/** A block that is a module, written to a file. */
export interface ExampleModule {
  /** What its first line says, such as `fetch.ts`, or its page and number there when it says nothing. */
  readonly name: string;
  readonly file: string;
}

/** Modules in a folder from which packages resolve as they do in the repository. */
export interface ExampleModules {
  readonly modules: readonly ExampleModule[];
  /** What the compiler says about the modules, under the rules that tests are held to. */
  typeErrors(): readonly string[];
  /**
   * Compiles the modules, each to a file that Node runs.
   *
   * @returns name of a module → its file
   */
  compile(): Promise<ReadonlyMap<string, string>>;
  remove(): void;
}

/** `// name.ts` in the first line lets other blocks of the page import a block. */
const NAME = /^\/\/ ([a-z0-9-]+\.ts)\n/;
/** They find their own parts by path, which a bundle would break. */
const NOT_BUNDLED = ['@grpc/grpc-js', 'undici', 'ws'];

/**
 * Writes blocks to files in one folder, so that they can import each other.
 *
 * @param rewrite changes what is compiled and run, not what is type-checked
 */
export function writeExamples(
  blocks: readonly CodeBlock[],
  rewrite: (text: string) => string = (text) => text,
): ExampleModules {
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'docs-examples-'));
  const modules = blocks.map((block) => {
    const page = basename(block.page, '.md').toLowerCase();
    const number = blocks.filter((other) => other.page === block.page).indexOf(block) + 1;
    const name = NAME.exec(block.text)?.[1] ?? `${page}-${String(number)}.ts`;
    const file = join(folder, name);
    writeFileSync(file, rewrite(block.text), { flag: 'wx' });
    return { name, file };
  });
  return {
    modules,
    typeErrors: () => typeErrors(modules.map(({ file }) => file)),
    compile: async () => compile(modules, join(folder, 'compiled')),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function typeErrors(files: readonly string[]): readonly string[] {
  const config = join(ROOT, 'tsconfig.tests.json');
  const json = ts.readJsonConfigFile(config, ts.sys.readFile);
  const { options, errors } = ts.parseJsonSourceFileConfigFileContent(
    json,
    ts.sys,
    ROOT,
    undefined,
    config,
  );
  const program = ts.createProgram({ rootNames: files, options });
  const diagnostics = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...files.flatMap((file) => {
      const source = program.getSourceFile(file);
      return [
        ...program.getSyntacticDiagnostics(source),
        ...program.getSemanticDiagnostics(source),
      ];
    }),
  ];
  return diagnostics.map(describe);
}

function describe({ file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, ' ');
  if (file === undefined || start === undefined) return message;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${basename(file.fileName)}:${String(line + 1)}: ${message}`;
}

async function compile(
  modules: readonly ExampleModule[],
  outdir: string,
): Promise<ReadonlyMap<string, string>> {
  await build({
    entryPoints: modules.map(({ file }) => file),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@proofgate/source'],
    external: NOT_BUNDLED,
    logLevel: 'silent',
  });
  return new Map(modules.map(({ name }) => [name, join(outdir, name.replace(/\.ts$/, '.mjs'))]));
}
