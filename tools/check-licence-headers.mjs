// SPDX-License-Identifier: Apache-2.0
// Every source file says under which licence it is, in its first line (after #! where there is one).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';
import { sourceFiles } from './source-files.mjs';

const HEADER = '// SPDX-License-Identifier: Apache-2.0';

function main() {
  const files = sourceFiles(/\.(ts|tsx|js|mjs|cjs)$/);
  const without = files.filter((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/^#!.*\n/, '');
    return !text.startsWith(`${HEADER}\n`);
  });
  for (const file of without) process.stdout.write(`${file}: the first line is not ${HEADER}\n`);
  process.stdout.write(
    `licence headers: ${String(files.length)} files, ${String(without.length)} without\n`,
  );
  process.exitCode = without.length > 0 ? 1 : 0;
}

main();
