// SPDX-License-Identifier: Apache-2.0
import { Parser, type CST, type LineCounter } from 'yaml';

/** A config file nests about eight levels; nothing that a person writes comes near this. */
export const MAX_YAML_DEPTH = 64;

/**
 * Finds where a text nests more deeply than {@link MAX_YAML_DEPTH}. The composer of `yaml` recurses, and a stack that is
 * nearly full can end the whole process instead of throwing, so depth is bounded before it sees the text. The parser
 * underneath does not recurse, and neither does this.
 *
 * @param lines learns where the lines of the text begin
 * @returns an offset in the text, or `undefined` when it is shallow enough
 */
export function tooDeepAt(text: string, lines: LineCounter): number | undefined {
  for (const document of new Parser(lines.addNewLine).parse(text)) {
    const waiting: Level[] = [{ token: document, depth: 0 }];
    for (let level = waiting.pop(); level !== undefined; level = waiting.pop()) {
      const { token, depth } = level;
      if (depth > MAX_YAML_DEPTH) return token.offset;
      for (const child of childrenOf(token)) waiting.push({ token: child, depth: depth + 1 });
    }
  }
  return undefined;
}

interface Level {
  readonly token: CST.Token;
  readonly depth: number;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items
    .flatMap(({ key, value }) => [key, value])
    .filter((child) => child !== undefined && child !== null);
}
