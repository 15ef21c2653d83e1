// SPDX-License-Identifier: Apache-2.0
// Looks for text that does not belong into the repository, in every file that people write.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findForbiddenText } from './forbidden-text.mjs';
import { ROOT } from './prepare.mjs';
import { sourceFiles } from './source-files.mjs';

function main() {
  // These two spell out what they look for.
  const files = sourceFiles().filter((file) => !/^tools\/(test\/)?forbidden-text/.test(file));
  const findings = files.flatMap((file) =>
    findForbiddenText(file, readFileSync(join(ROOT, file), 'utf8')),
  );
  for (const finding of findings) process.stdout.write(`${finding}\n`);
  process.stdout.write(
    `text: ${String(files.length)} files, ${String(findings.length)} findings\n`,
  );
  process.exitCode = findings.length > 0 ? 1 : 0;
}

main();
