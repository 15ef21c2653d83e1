// SPDX-License-Identifier: Apache-2.0
import {
  equalBytes,
  parseQuote,
  replayRuntimeEvents,
  sha256,
  toHex,
  type Certificate,
  type RuntimeEvent,
} from '@proofgate/evidence';
import { ProxyError } from '../errors.ts';

/**
 * Demands that a TDX quote was taken over the log of a launcher. The launcher extends RTMR3 first and tells the proxy
 * then: a quote in between does not fit the log that is known here.
 *
 * @param eventLog without events there is no launcher, and RTMR3 belongs to others
 * @throws ProxyError ERR_PROXY_EVENT_LOG_BEHIND; EvidenceError for a quote that cannot be read
 */
export function checkQuotedLog(eventLog: readonly RuntimeEvent[], quoteBytes: Uint8Array): void {
  if (eventLog.length === 0) return;
  const quote = parseQuote(quoteBytes);
  const rtmr3 = quote.kind === 'tdx' ? quote.body.rtmr[3] : new Uint8Array();
  const replayed = replayRuntimeEvents(eventLog);
  if (equalBytes(rtmr3, replayed)) return;
  throw new ProxyError('ERR_PROXY_EVENT_LOG_BEHIND', 'event log does not replay to RTMR3', {
    expected: toHex(rtmr3),
    seen: toHex(replayed),
    hint: "if this stays, the launcher's states do not arrive, or something else extends RTMR3",
  });
}

/**
 * Demands that the CA is the one that a launcher has measured last; verifiers refuse leaves of another.
 *
 * @throws ProxyError ERR_PROXY_CA_NOT_MEASURED
 */
export function checkMeasuredCa(eventLog: readonly RuntimeEvent[], ca: Certificate): void {
  if (isMeasuredCa(eventLog, ca)) return;
  throw new ProxyError('ERR_PROXY_CA_NOT_MEASURED', 'event log names the key of another CA', {
    expected: measuredCa(eventLog) ?? '',
    seen: spkiDigest(ca),
    hint: 'restart the launcher, which measures the new CA, then send SIGHUP to the proxy',
  });
}

/** Whether the CA is the one that a launcher has measured last; any is where none was measured. */
export function isMeasuredCa(eventLog: readonly RuntimeEvent[], ca: Certificate): boolean {
  const measured = measuredCa(eventLog);
  return measured === undefined || measured === spkiDigest(ca);
}

/** SHA-256 of the key of the CA that a launcher has measured last, hex. */
export function measuredCa(eventLog: readonly RuntimeEvent[]): string | undefined {
  const last = eventLog.findLast(
    (event) => event.type === 'proofgate.ca' || event.type === 'proofgate.platform',
  );
  return last?.ca_spki_sha256;
}

function spkiDigest(ca: Certificate): string {
  return toHex(sha256(ca.spki));
}
