// SPDX-License-Identifier: Apache-2.0

/** Where a command writes. Results go to `out`, progress and complaints to `err`; nothing else prints. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether colours may be used on `out`. */
  readonly colour: boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * A terminal over two streams.
 *
 * Colours are used only when `stdout` is a terminal and `NO_COLOR` (https://no-color.org) is absent or empty.
 */
export function openTerminal(
  stdout: Stream,
  stderr: Stream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const noColour = env['NO_COLOR'];
  return {
    out: (text) => void stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    err: (text) => void stderr.write(text.endsWith('\n') ? text : `${text}\n`),
    colour: stdout.isTTY === true && (noColour === undefined || noColour === ''),
  };
}

const ESCAPES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' } as const;

/** A text style that {@link paint} knows. */
export type Style = keyof typeof ESCAPES;

/** `text` in a style, or unchanged when the terminal has no colours. */
export function paint(terminal: Terminal, style: Style, text: string): string {
  return terminal.colour ? `\u001b[${ESCAPES[style]}m${text}\u001b[0m` : text;
}

/** Lets a command finish, and its exit code stand, when nobody reads its output to the end, as with `| head`. */
export function ignoreClosedPipe(error: Error): void {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
}
