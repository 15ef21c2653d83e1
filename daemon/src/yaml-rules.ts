// SPDX-License-Identifier: Apache-2.0
import {
  isScalar,
  visit,
  type Document,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/** Something wrong at a place in the text. */
export interface TextProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** Rules that hold for every node, whatever the schema says about its field. */
export function nodeProblems(document: Document.Parsed): {
  readonly problems: readonly TextProblem[];
  readonly aliases: number;
} {
  const problems: TextProblem[] = [];
  let aliases = 0;
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    problems.push({ offset: 0, message: 'is not YAML 1.2: remove the %YAML directive' });
  }
  const report = (node: Scalar | YAMLMap | YAMLSeq, problem: Omit<TextProblem, 'offset'>): void => {
    problems.push({ offset: node.range?.[0] ?? 0, ...problem });
  };
  visit(document, {
    Alias: () => {
      aliases += 1;
    },
    Collection: (_key, node) => {
      if (node.tag !== undefined) report(node, tagProblem(node.tag));
    },
    Scalar: (key, node) => {
      if (node.tag !== undefined) report(node, tagProblem(node.tag));
      const problem = key === 'key' ? keyProblem(node) : ambiguity(node);
      if (problem !== undefined) report(node, problem);
    },
  });
  return { problems, aliases };
}

/** Keys that appear again in their mapping, told where the first one is. */
export function duplicateKeys(
  document: Document.Parsed,
  positionAt: (offset: number) => { readonly line: number; readonly column: number },
): TextProblem[] {
  const problems: TextProblem[] = [];
  visit(document, {
    Map: (_key, map) => {
      for (const { name, first, again } of repeats(map)) {
        const { line, column } = positionAt(first);
        const where = `line ${String(line)}, column ${String(column)}`;
        problems.push({ offset: again, message: `key "${name}" is already at ${where}` });
      }
    },
  });
  return problems;
}

function repeats(map: YAMLMap): { name: string; first: number; again: number }[] {
  const seen = new Map<string, number>();
  const found: { name: string; first: number; again: number }[] = [];
  for (const { key } of map.items as Pair[]) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    const offset = key.range?.[0] ?? 0;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, offset);
    else found.push({ name, first, again: offset });
  }
  return found;
}

function tagProblem(tag: string): Omit<TextProblem, 'offset'> {
  return { message: `tag ${tag} is not supported` };
}

function keyProblem(key: Scalar): Omit<TextProblem, 'offset'> | undefined {
  // Objects treat this name as their prototype, so what reads the value could lose it or be changed by it.
  return key.value === '__proto__' ? { message: 'key "__proto__" is not allowed' } : undefined;
}

/** A plain scalar such as `1.10`, `0x10` or `True`: what is meant depends on who reads it. */
function ambiguity({ value, source, type }: Scalar): Omit<TextProblem, 'offset'> | undefined {
  if (type !== 'PLAIN' || source === undefined) return undefined;
  if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const read = String(value);
  if (read === source) return undefined;
  return {
    message: `${source} reads as the ${typeof value} ${read}`,
    hint: `write "${source}" in quotes for text, or ${read}`,
  };
}
