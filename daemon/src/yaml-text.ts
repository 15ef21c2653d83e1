// SPDX-License-Identifier: Apache-2.0
import { LineCounter, parseDocument, type Document, type YAMLError } from 'yaml';
import { duplicateKeys, nodeProblems, type TextProblem } from './yaml-rules.ts';
import { tooDeepAt } from './yaml-depth.ts';
import { nodeOffset, type Part } from './yaml-offset.ts';

/** A YAML text and what its parts mean and where they are. */
export interface YamlText {
  readonly problems: readonly TextProblem[];
  /** Whether `value` is the whole text, so that a schema can judge it. */
  readonly complete: boolean;
  /** The plain value; `undefined` unless `complete`. */
  readonly value: unknown;
  /** Line and column, from 1, of a field's value or key, or of what encloses it when the field is missing. */
  position(path: readonly PropertyKey[], part: Part): Position;
  /** Line and column of a place in the text. */
  positionAt(offset: number): Position;
}

/** A place in a text, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Aliases of one file: enough to share a health check, far below what grows without bound when resolved. */
export const MAX_ALIASES = 32;

/** Syntax errors that are told: the first is the cause, most of the rest follow from it. */
export const MAX_SYNTAX_PROBLEMS = 20;

/**
 * Parses YAML 1.2 strictly: one document, core schema, unique keys, no tags, few aliases, and no scalar whose meaning
 * is not its text.
 */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const tooDeep = tooDeepAt(text, lines);
  return tooDeep === undefined ? parseShallow(text) : refuseDepth(tooDeep, lines);
}

function refuseDepth(offset: number, lines: LineCounter): YamlText {
  const problems = [{ offset, message: 'is nested too deeply' }];
  const positionAt = positionIn(lines);
  const position = (): Position => positionAt(offset);
  return { problems, complete: false, value: undefined, position, positionAt };
}

function positionIn(lines: LineCounter): (offset: number) => Position {
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
}

function parseShallow(text: string): YamlText {
  const lines = new LineCounter();
  const positionAt = positionIn(lines);
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  });
  const duplicates = duplicateKeys(document, positionAt);
  const syntax = syntaxProblems(document, duplicates.length > 0);
  const nodes = syntax.length > 0 ? NOTHING_READ : nodeProblems(document);
  const problems = [...syntax, ...duplicates, ...nodes.problems];
  const plain = syntax.length > 0 ? undefined : plainValue(document, nodes.aliases);
  if (plain === 'excessive') problems.push({ offset: 0, message: EXCESSIVE_ALIASES });
  const complete = typeof plain === 'object';
  return {
    problems,
    complete,
    value: complete ? plain.value : undefined,
    position: (path, part) => positionAt(nodeOffset(document, path, part)),
    positionAt,
  };
}

const NOTHING_READ = { problems: [], aliases: 0 } as const;
const EXCESSIVE_ALIASES = `has more than ${String(MAX_ALIASES)} aliases`;

/** The value with its aliases resolved, unless there are too many of them, or of what they stand for. */
function plainValue(
  document: Document.Parsed,
  aliases: number,
): { readonly value: unknown } | 'excessive' {
  if (aliases > MAX_ALIASES) return 'excessive';
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { value };
  } catch (error) {
    if (error instanceof ReferenceError) return 'excessive';
    throw error;
  }
}

/**
 * What makes the text unreadable.
 *
 * @param duplicatesTold whether duplicate keys are told elsewhere, with both of their positions
 */
function syntaxProblems(document: Document.Parsed, duplicatesTold: boolean): TextProblem[] {
  const found: readonly YAMLError[] = [...document.errors, ...document.warnings];
  return found
    .filter(({ code }) => code !== 'DUPLICATE_KEY' || !duplicatesTold)
    .slice(0, MAX_SYNTAX_PROBLEMS)
    .map(({ pos, message, code }) =>
      code === 'MULTIPLE_DOCS'
        ? { offset: pos[0], message: 'a second document starts here; one file is one document' }
        : { offset: pos[0], message: lowerFirst(message) },
    );
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}
