// SPDX-License-Identifier: Apache-2.0
import type { WireCase } from '../wire-case.ts';
import { CHUNK_CASES } from './chunks.ts';
import { CONNECTION_CASES } from './connection.ts';
import { CONTENT_LENGTH_CASES } from './content-length.ts';
import { HOST_CASES } from './host.ts';
import { LINE_CASES } from './lines.ts';
import { PIPELINE_CASES } from './pipelines.ts';
import { REQUEST_LINE_CASES } from './request-line.ts';
import { TRANSFER_ENCODING_CASES } from './transfer-encoding.ts';

/** Every case of HTTP/1.1. */
export const ALL_CASES: readonly WireCase[] = [
  ...CONTENT_LENGTH_CASES,
  ...TRANSFER_ENCODING_CASES,
  ...CHUNK_CASES,
  ...LINE_CASES,
  ...REQUEST_LINE_CASES,
  ...HOST_CASES,
  ...CONNECTION_CASES,
  ...PIPELINE_CASES,
];
