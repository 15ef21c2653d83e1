// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** A fenced block of a page. */
export interface CodeBlock {
  /** Relative to the repository. */
  readonly page: string;
  /** Of the fence. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** A page for people, as it stands in the repository. */
export interface MarkdownPage {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

/** Reads one page. */
export function readPage(path: string): MarkdownPage {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { path, text, blocks: blocksOf(path, text) };
}

/** README.md and everything below docs. */
export function allPages(): readonly MarkdownPage[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`);
  return ['README.md', ...docs].map(readPage);
}

/** All blocks of a language. */
export function blocksIn(pages: readonly MarkdownPage[], language: string): readonly CodeBlock[] {
  return pages.flatMap(({ blocks }) => blocks.filter((block) => block.language === language));
}

/** The cells of every table row of a page, or of one of its sections. */
export function tableRows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => /^\|.*\|$/.test(line) && !/^\|[\s|:-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** Everything in backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}

/** The text below a heading, up to the next one of any level. */
export function sectionOf({ path, text }: MarkdownPage, heading: string): string {
  const sections = text.split(/^(?=#{1,6} )/m);
  const section = sections.find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${path} has no section ${heading}`);
  return section;
}

function blocksOf(page: string, text: string): readonly CodeBlock[] {
  const fences = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(fences)].map(({ index, 1: language = '', 2: content = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    text: content,
  }));
}
