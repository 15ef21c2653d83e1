// SPDX-License-Identifier: Apache-2.0

/**
 * Rows as text in columns, two spaces apart. The last column is not padded, so that lines end where their text ends.
 *
 * @param rows cells of plain text, without escape sequences; short rows are allowed
 * @param indent text before each line
 */
export function table(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      );
      return `${indent}${cells.join('  ')}`.trimEnd();
    })
    .join('\n');
}
