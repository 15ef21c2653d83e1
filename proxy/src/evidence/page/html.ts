// SPDX-License-Identifier: Apache-2.0

/** Text that is HTML already. Only {@link html} makes it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may be put into a template: HTML as it is, everything else as text. */
export type HtmlPart = Html | string | number | readonly HtmlPart[];

/**
 * HTML from a template. What is put in is text, whatever it looks like, in elements and in quoted attributes.
 *
 * @example
 * ```ts
 * html`<p title="${name}">${name}</p>`.text;
 * ```
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const pieces = strings.map((piece, at) => piece + (at < parts.length ? write(parts[at]) : ''));
  return new Html(pieces.join(''));
}

function write(part: HtmlPart | undefined): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(write).join('');
  return escapeText(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters and those that turn the direction of text could make it look like something else. */
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escapeText(text: string): string {
  return text
    .replace(DECEPTIVE, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
