// SPDX-License-Identifier: Apache-2.0
import { EvidenceError, type AttestationDocument } from '@proofgate/evidence';
import {
  appraise,
  explain,
  parsePolicyText,
  type AppraisalOptions,
  type AppraisalReport,
  type Policy,
  type TrustedRoot,
} from '@proofgate/verifier';
import { connectTls, fetchAttestationDocument, loadCollateral } from '@proofgate/verifier/node';

import type { CommandContext } from '../context.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { readCertificates, readText } from '../input-file.ts';
import { readTarget, type Target } from '../target.ts';
import { paint } from '../terminal.ts';
import { parseTime } from '../time-argument.ts';
import { verdictTable } from '../verdict-table.ts';

/** Options of `proofgate verify`. */
export interface VerifyOptions {
  readonly policy?: string;
  readonly ca?: string;
  readonly root?: string;
  readonly at?: string;
  readonly collateral?: string;
  readonly json?: boolean;
}

/**
 * Judges a target and explains every decision.
 *
 * @returns the exit code: accepted, evidence refused or policy refused
 * @throws the typed errors of the verifier when there can be no verdict
 */
export async function verify(
  name: string,
  options: VerifyOptions,
  context: CommandContext,
): Promise<number> {
  const judging = await readJudging(options, context);
  const { terminal } = context;
  const target = await readTarget(name);
  if (options.json !== true && target.kind === 'host') terminal.err(`connecting to ${name} …`);
  const report = await appraiseTarget(target, judging);
  if (options.json === true) terminal.out(JSON.stringify(report, null, 2));
  else printReport(name, report, context);
  return exitCodeOf(report);
}

type Judging = Omit<AppraisalOptions, 'evidence' | 'hostname' | 'document'>;

async function readJudging(options: VerifyOptions, context: CommandContext): Promise<Judging> {
  const policy: Policy | 'none' =
    options.policy === undefined ? 'none' : parsePolicyText(await readText(options.policy));
  const roots: TrustedRoot[] =
    options.root === undefined
      ? []
      : (await readCertificates(options.root)).map((certificate) => ({ certificate }));
  return {
    policy,
    at: options.at === undefined ? context.now() : parseTime(options.at),
    ...(roots.length === 0 ? {} : { roots }),
    ...(options.ca === undefined ? {} : { caRoots: await readCertificates(options.ca) }),
    ...(options.collateral === undefined
      ? {}
      : { collateral: await loadCollateral(options.collateral) }),
  };
}

async function appraiseTarget(target: Target, judging: Judging): Promise<AppraisalReport> {
  switch (target.kind) {
    case 'host':
      return appraiseHost(target, judging);
    case 'event-log':
      throw new CliError('ERR_CLI_TARGET', 'an event log alone proves nothing', {
        hint: 'use inspect to look at it, or verify the host that it is from',
      });
    case 'certificate':
      return appraise({ ...judging, evidence: { kind: 'certificate', chain: target.chain } });
    case 'quote':
    case 'snp-report':
      return appraise({ ...judging, evidence: { kind: target.kind, bytes: target.bytes } });
    case 'document':
      return appraise({ ...judging, evidence: { kind: 'document', document: target.document } });
  }
}

async function appraiseHost(
  { host, port }: Extract<Target, { kind: 'host' }>,
  judging: Judging,
): Promise<AppraisalReport> {
  const { socket, chain } = await connectTls({ host, port });
  try {
    const document = await fetchDocument(socket, host);
    return await appraise({
      ...judging,
      evidence: { kind: 'certificate', chain },
      hostname: host,
      ...(document === undefined ? {} : { document }),
    });
  } finally {
    socket.destroy();
  }
}

/** A host without the document can still be judged by its certificate; a malformed document is evidence that lies. */
async function fetchDocument(
  socket: Parameters<typeof fetchAttestationDocument>[0],
  host: string,
): Promise<AttestationDocument | undefined> {
  try {
    return await fetchAttestationDocument(socket, { host });
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    return undefined;
  }
}

function exitCodeOf({ verdict, code }: AppraisalReport): number {
  if (verdict === 'accepted') return EXIT.ok;
  return code?.startsWith('ERR_POLICY_') === true ? EXIT.policyRefused : EXIT.evidenceRefused;
}

function printReport(name: string, report: AppraisalReport, { terminal }: CommandContext): void {
  const accepted = report.verdict === 'accepted';
  const scope = report.policy === 'none' ? 'evidence alone, no policy' : `policy ${report.policy}`;
  const line = accepted
    ? paint(terminal, 'green', `ACCEPTED  ${name}  (${scope})`)
    : paint(terminal, 'red', `REFUSED  ${name}  ${report.code ?? ''}`);
  terminal.out(line);
  if (report.message !== undefined) terminal.out(`  ${report.message}`);
  if (report.hint !== undefined) terminal.out(`  ${report.hint}`);
  terminal.out(`\n${explain(report)}`);
  const proved = verdictTable(report);
  if (proved !== '') terminal.out(proved);
}
