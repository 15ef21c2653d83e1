// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';

/** Most labels of one agent: its owner, its place, its kind. */
export const MAX_AGENT_LABELS = 16;

/** Longest label: an owner's and a repository's name with their id. */
const MAX_LABEL_LENGTH = 200;

/** Of GitHub: letters, digits and single hyphens; names do not differ by case. */
const OWNER = '[a-z0-9](?:-?[a-z0-9]){0,38}';
const REPOSITORY = '[a-z0-9._-]{1,100}';
/** Never 0: that is what a missing id turns into. */
const ID = '[1-9][0-9]{0,18}';

/** Who may deploy: the name for people, the numeric id because names change hands. */
const PRINCIPAL = new RegExp(
  `^github:(?:(?:org|user)/${OWNER}|repo/${OWNER}/${REPOSITORY})#${ID}$`,
  'u',
);
/** Anything else that tells agents apart: `zone:eu1`, `pool:gpu`. */
const PLAIN =
  /^(?!github:)[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?(?::[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)?$/u;

/**
 * A label of an agent: `github:org/<name>#<id>`, `github:user/<name>#<id>`, `github:repo/<owner>/<name>#<id>` for its owner,
 * otherwise a word or two of them with a colon between. Lower case.
 */
export const agentLabelSchema: z.ZodType<string, unknown> = z
  .string()
  .max(MAX_LABEL_LENGTH)
  .refine((label) => PRINCIPAL.test(label) || PLAIN.test(label), {
    error: 'expected github:org/<name>#<id>, or words as in zone:eu1, in lower case',
  });

/** The labels of an agent: each once. */
export const agentLabelsSchema: z.ZodType<readonly string[], unknown> = z
  .array(agentLabelSchema)
  .max(MAX_AGENT_LABELS)
  .refine((labels) => new Set(labels).size === labels.length, {
    error: 'expected each label once',
  });

/** Name of an agent: one label of a host name (RFC 1123), lower case. */
export const agentNameSchema: z.ZodType<string, unknown> = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, 'expected a host label such as prod1');
