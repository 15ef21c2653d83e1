// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { unloadAnswerSchema } from './container-changes.ts';
import { execAnswerSchema } from './container-exec.ts';
import { logLineSchema } from './container-logs.ts';
import { statusAnswerSchema } from './container-status.ts';
import { loadReportSchema } from './load-report.ts';
import { volumesAnswerSchema } from './volumes.ts';

/** What `--json` of the commands that manage a VM prints, by the file of its JSON Schema below docs/schema. */
const OUTPUTS: Readonly<Record<string, readonly [title: string, schema: z.ZodType]>> = {
  'proofgate.ps.schema.json': ['What proofgate ps --json prints', statusAnswerSchema],
  'proofgate.load.schema.json': ['What proofgate load --json prints', loadReportSchema],
  'proofgate.unload.schema.json': ['What proofgate unload --json prints', unloadAnswerSchema],
  'proofgate.logs.schema.json': ['A line of proofgate logs --json', logLineSchema],
  'proofgate.volumes.schema.json': ['What proofgate volumes --json prints', volumesAnswerSchema],
  'proofgate.exec.schema.json': ['What proofgate exec --json prints', execAnswerSchema],
};

/** The JSON Schemas (draft 2020-12) of what these commands print, by the names of their files. */
export function commandJsonSchemas(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(
    Object.entries(OUTPUTS).map(([file, [title, schema]]) => [
      file,
      { $id: file, title, ...z.toJSONSchema(schema, { io: 'input' }) },
    ]),
  );
}
