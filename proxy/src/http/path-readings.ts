// SPDX-License-Identifier: Apache-2.0

/*
 * Servers read one path in many ways: they decode it once or twice, drop empty segments, parameters and suffixes,
 * resolve dots before or after that, take "//host/path" for an address, and compare without case. What guards one path
 * has to know every path that some server takes for it.
 *
 * Everything here errs on one side: two paths that no server confuses may count as alike, never the reverse.
 */

/** Layers of percent-encoding that are taken off. Nobody encodes that often who has nothing to hide. */
const MAX_LAYERS = 5;

/** Most paths: there is one way to read them, but for the case. */
const PLAIN = /^(?:\/[a-z0-9_~-]+)+$/i;

/** Characters without width, and controls: some servers drop them, some end the path there. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/u;

/**
 * Compares the target of a request with a path.
 *
 * @param target of the request, as the HTTP parser delivers it: one character for each byte
 * @param path without a query
 * @returns `exact` for the very same bytes; `alike` when some server could take the one for the other, or when it is
 *   encoded so that one cannot tell; `other` otherwise
 */
export function comparePath(target: string, path: string): 'exact' | 'alike' | 'other' {
  if (target === path) return 'exact';
  const [own] = target.split('?', 1);
  const wanted = readingsOf(path);
  const seen = readingsOf(own ?? '');
  if (wanted === undefined || seen === undefined) return 'alike';
  for (const reading of seen) if (wanted.has(reading)) return 'alike';
  return 'other';
}

/** Every way to read a path, as far as it matters here; `undefined` when there is no end of it, or no meaning in it. */
function readingsOf(path: string): ReadonlySet<string> | undefined {
  if (PLAIN.test(path)) return new Set([path.slice(1).toLowerCase()]);
  const readings = new Set<string>();
  let bytes = path;
  for (let layer = 0; layer <= MAX_LAYERS; layer += 1) {
    const text = readText(bytes);
    if (text === undefined) return undefined;
    for (const reading of readingsOfText(text)) readings.add(reading);
    const decoded = decodeOnce(text);
    if (decoded === undefined) return readings;
    bytes = decoded;
  }
  return undefined;
}

/** Bytes as text in which letters that look alike are alike; `undefined` when they are not UTF-8 or not to be seen. */
function readText(bytes: string): string | undefined {
  try {
    const text = UTF8.decode(Buffer.from(bytes, 'latin1')).normalize('NFKC');
    return INVISIBLE.test(text) ? undefined : text.toUpperCase().toLowerCase();
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Takes one layer off; `undefined` when there is none. @returns one character for each byte */
function decodeOnce(text: string): string | undefined {
  const bytes = Buffer.from(text).toString('latin1');
  const decoded = bytes
    // As IIS has it.
    .replace(/%u([0-9a-f]{4})/g, (_, hex: string) =>
      Buffer.from(String.fromCharCode(Number.parseInt(hex, 16))).toString('latin1'),
    )
    .replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoded === bytes ? undefined : decoded;
}

function* readingsOfText(text: string): Generator<string> {
  const slashed = text.replaceAll('\\', '/');
  // A question mark or hash that was encoded may count as one after all.
  for (const path of [slashed, slashed.replace(/[?#].*$/s, '')]) {
    const segments = path.split('/').slice(1);
    const bare = segments.map((segment) => segment.replace(/;.*$/s, ''));
    for (const list of [segments, bare]) {
      yield* readingsOfSegments(list);
      // "//host/path", as a URL parser reads it.
      if (list[0] === '' && list.length > 1) yield* readingsOfSegments(list.slice(2));
    }
  }
}

function* readingsOfSegments(segments: readonly string[]): Generator<string> {
  for (const list of [segments, segments.filter((segment) => segment !== '')]) {
    const resolved = resolveDots(list).filter((segment) => segment !== '');
    yield resolved.map(withoutTail).join('/');
    // Frameworks that choose a format by the suffix ignore it otherwise.
    const last = resolved.at(-1) ?? '';
    yield [...resolved.slice(0, -1), last.replace(/(?<=.)\..*$/s, '')].map(withoutTail).join('/');
  }
}

/** RFC 3986 section 5.2.4. */
function resolveDots(segments: readonly string[]): string[] {
  const resolved: string[] = [];
  for (const segment of segments) {
    if (segment === '..') resolved.pop();
    else if (segment !== '.') resolved.push(segment);
  }
  return resolved;
}

/** Windows drops dots and spaces at the end of a name. */
function withoutTail(segment: string): string {
  return segment.replace(/[. ]+$/, '');
}
