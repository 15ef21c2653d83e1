// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigurationTree,
  encodeAuditManifest,
  type ExtensionValue,
  OID,
  type RuntimeEvent,
  sha256,
  toBase64,
  toHex,
  utf8,
  workloadTree,
} from '@proofgate/evidence';
import { newKeys } from '../making/certificates.ts';
import { fixed, type MakeParts, type MakingContext, presented } from '../making/make-parts.ts';
import type { JsonValue } from '../vector-format.ts';
import type { CatalogueArea } from './catalogue-rule.ts';

const REPLAY = 'ERR_EVENT_LOG_REPLAY';
const UNLOAD: RuntimeEvent = { type: 'proofgate.workload.unload', name: 'hello' };
const STRAY_UNLOAD: RuntimeEvent = { type: 'proofgate.workload.unload', name: 'nobody' };

/** Runtime event log and audit manifests of an attestation document. */
export const EVENT_LOG: CatalogueArea = {
  area: 'event log and manifests',
  rules: [
    {
      id: 'log-complete',
      rule: 'The log replays to RTMR3: no event is missing.',
      fixture: 'host',
      refused: eventLog((events) => events.slice(0, 1)),
      code: REPLAY,
    },
    {
      id: 'log-order',
      rule: 'The log replays to RTMR3: events are in their order.',
      fixture: 'host',
      refused: eventLog((events) => [...events].reverse()),
      code: REPLAY,
    },
    {
      id: 'log-content',
      rule: 'The log replays to RTMR3: events say what was measured.',
      fixture: 'host',
      refused: eventLog((events) =>
        events.map((event) =>
          event.type === 'proofgate.workload.load'
            ? { ...event, spec_digest: '22'.repeat(32) }
            : event,
        ),
      ),
      code: REPLAY,
    },
    {
      id: 'log-event-type',
      rule: 'Every event is of a type that is defined.',
      fixture: 'host',
      refused: fixed({ 'document.eventLog': [{ type: 'proofgate.surprise' }] }),
      code: 'ERR_RUNTIME_EVENT',
    },
    {
      id: 'log-event-members',
      rule: 'An event has no members but its own.',
      fixture: 'host',
      refused: eventLog((events) => events.map((event) => ({ ...event, note: 'x' }))),
      code: 'ERR_RUNTIME_EVENT',
    },
    {
      id: 'log-unload',
      rule: 'Nothing is unloaded that was not loaded.',
      fixture: 'host',
      with: fixed({ 'document.manifests': {} }),
      accepted: measured((events) => [...events, UNLOAD, ...events.slice(1)]),
      refused: measured((events) => [...events, STRAY_UNLOAD]),
      code: 'ERR_RUNTIME_EVENT_ORDER',
    },
    {
      id: 'log-workload-still-runs',
      rule: 'The certificate’s workload has not been unloaded.',
      fixture: 'host',
      accepted: measured((events) => [...events, UNLOAD, ...events.slice(1)]),
      refused: measured((events) => [...events, UNLOAD]),
      code: 'ERR_EVENT_LOG_WORKLOAD',
    },
    {
      id: 'log-workload-image',
      rule: 'The image in the certificate is one that the log has loaded.',
      fixture: 'host',
      refused: presented({ values: withValue(OID.imageDigest, new Uint8Array(32).fill(9)) }),
      code: 'ERR_EVENT_LOG_WORKLOAD',
    },
    {
      id: 'log-workload-configuration',
      rule: 'The configuration in the certificate is one that the log has loaded.',
      fixture: 'host',
      with: fixed({ 'document.manifests': {} }),
      refused: presented({ values: withValue(OID.workloadRoot, new Uint8Array(32).fill(9)) }),
      code: 'ERR_EVENT_LOG_WORKLOAD',
    },
    {
      id: 'log-without-claims',
      rule: 'A certificate that claims no workload may be of any; a claim has to be proved.',
      fixture: 'host',
      with: fixed({ 'document.manifests': {} }),
      accepted: presented({ values: () => [] }),
      refused: presented({
        values: () => [{ oid: OID.imageDigest, value: new Uint8Array(32).fill(9) }],
      }),
      code: 'ERR_EVENT_LOG_WORKLOAD',
    },
    {
      id: 'log-image-profile',
      rule: 'The image profile in the certificate is the measured one.',
      fixture: 'host',
      refused: presented({ values: withValue(OID.imageProfile, utf8('dev')) }),
      code: 'ERR_EVIDENCE_MISMATCH',
    },
    {
      id: 'log-ca',
      rule: 'The CA that issued the leaf is the measured one.',
      fixture: 'host',
      refused: async ({ hosts }) => {
        const { chain } = await hosts.host({ issuer: hosts.newCa(newKeys()) });
        return { chain };
      },
      code: 'ERR_EVENT_LOG_CA',
    },
    {
      id: 'log-ca-replaced',
      rule: 'After an event for a new CA, that one counts.',
      fixture: 'host',
      accepted: measured((events, { hosts }) => [...events, caEvent(hosts.ca.spki)]),
      refused: measured((events) => [...events, caEvent(Uint8Array.of(1))]),
      code: 'ERR_EVENT_LOG_CA',
    },
    {
      id: 'manifest-root',
      rule: 'A manifest has the root that it names.',
      fixture: 'host',
      refused: manifest((bytes) =>
        bytes.map((byte, at) => (at === bytes.length - 1 ? ~byte : byte)),
      ),
      code: 'ERR_MANIFEST_ROOT',
    },
    {
      id: 'manifest-complete',
      rule: 'A manifest is complete.',
      fixture: 'host',
      refused: manifest((bytes) => bytes.slice(0, -1)),
      code: 'ERR_MANIFEST_INVALID',
    },
    {
      id: 'manifest-of-certificate',
      rule: 'The workload’s manifest has the root in the certificate.',
      fixture: 'host',
      refused: manifest(() => otherManifest()),
      code: 'ERR_EVENT_LOG_MANIFEST',
    },
    {
      id: 'manifest-of-platform',
      rule: 'The platform’s manifest has the root in the certificate, if there is one.',
      fixture: 'host',
      with: ({ hosts }) => ({
        'document.manifests.platform': toBase64(encodeAuditManifest(hosts.tree)),
      }),
      accepted: platformRoot(({ root }) => root),
      refused: platformRoot(() => new Uint8Array(32)),
      code: 'ERR_EVENT_LOG_MANIFEST',
    },
    {
      id: 'document-members',
      rule: 'A document has no members but its own.',
      fixture: 'document',
      refused: fixed({ 'document.note': 'x' }),
      code: 'ERR_DOCUMENT_INVALID',
    },
    {
      id: 'document-version',
      rule: 'A document is of version 1.',
      fixture: 'document',
      refused: fixed({ 'document.version': 2 }),
      code: 'ERR_DOCUMENT_INVALID',
    },
    {
      id: 'document-log',
      rule: 'The log of a document that is verified alone replays to RTMR3.',
      fixture: 'document',
      refused: eventLog((events) => events.slice(0, 1)),
      code: REPLAY,
    },
  ],
};

/** Changes the log, and not what was measured. */
function eventLog(change: (events: readonly RuntimeEvent[]) => readonly RuntimeEvent[]): MakeParts {
  return ({ hosts }) => ({ 'document.eventLog': asJson(change(hosts.events)) });
}

/** Changes both what was measured and the log. */
function measured(
  change: (events: readonly RuntimeEvent[], context: MakingContext) => readonly RuntimeEvent[],
): MakeParts {
  return async (context) => {
    const events = change(context.hosts.events, context);
    const { chain } = await context.hosts.host({ measured: () => events });
    return { chain, 'document.eventLog': asJson(events) };
  };
}

function asJson(events: readonly RuntimeEvent[]): JsonValue {
  return events.map((event) => ({ ...event }));
}

function withValue(
  oid: string,
  value: Uint8Array,
): (values: readonly ExtensionValue[]) => readonly ExtensionValue[] {
  return (values) => values.map((one) => (one.oid === oid ? { oid, value } : one));
}

function caEvent(spki: Uint8Array): RuntimeEvent {
  return { type: 'proofgate.ca', ca_spki_sha256: toHex(sha256(spki)) };
}

function manifest(change: (bytes: Uint8Array) => Uint8Array): MakeParts {
  return ({ hosts }) => ({
    'document.manifests.workload': toBase64(change(encodeAuditManifest(hosts.tree))),
  });
}

function otherManifest(): Uint8Array {
  return encodeAuditManifest(
    workloadTree({ name: 'other', imageRef: 'x', imageDigest: new Uint8Array(32) }),
  );
}

/** A leaf that carries the root of the platform's configuration. */
function platformRoot(choose: (tree: ConfigurationTree) => Uint8Array): MakeParts {
  return async ({ hosts }) => {
    const root = { oid: OID.platformRoot, value: choose(hosts.tree) };
    const { chain } = await hosts.host({ values: (values) => [root, ...values] });
    return { chain };
  };
}
