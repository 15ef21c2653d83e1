// SPDX-License-Identifier: Apache-2.0
import type { Sha384 } from '../bytes/fixed-bytes.ts';
import { utf8 } from '../bytes/utf8.ts';
import { StrictObject } from '../json/strict-object.ts';
import { sha384 } from '../hashes.ts';
import { canonicalJson } from '../json/canonical-json.ts';

/** Start of the platform. */
export interface PlatformEvent {
  readonly type: 'proofgate.platform';
  /** SHA-256 of the CA key's SubjectPublicKeyInfo: 64 hex digits. */
  readonly ca_spki_sha256: string;
  readonly runtime_version: string;
  /** Absent if the image does not name one. */
  readonly image_profile?: string;
  /** Root of the platform's configuration tree at start: 64 hex digits. */
  readonly platform_root: string;
}

/** A workload is about to be started. */
export interface WorkloadLoadEvent {
  readonly type: 'proofgate.workload.load';
  readonly name: string;
  readonly image_ref: string;
  /** SHA-256 of the OCI manifest: 64 hex digits. */
  readonly image_digest: string;
  /** Root of the workload's configuration tree: 64 hex digits. */
  readonly config_root: string;
  /** SHA-256 of the canonical runtime specification: 64 hex digits. */
  readonly spec_digest: string;
}

/** A workload has been stopped and removed. */
export interface WorkloadUnloadEvent {
  readonly type: 'proofgate.workload.unload';
  readonly name: string;
}

/** The CA key has been replaced. */
export interface CaEvent {
  readonly type: 'proofgate.ca';
  /** SHA-256 of the new key's SubjectPublicKeyInfo: 64 hex digits. */
  readonly ca_spki_sha256: string;
}

/** What the launcher extends into RTMR3, before it takes effect. */
export type RuntimeEvent = PlatformEvent | WorkloadLoadEvent | WorkloadUnloadEvent | CaEvent;

const EVENT_TYPES = [
  'proofgate.platform',
  'proofgate.workload.load',
  'proofgate.workload.unload',
  'proofgate.ca',
] as const;

/** Longest workload name: it is the first label of a host name (RFC 1035, section 2.3.4). */
const MAX_NAME = 63;

/** Longest other text: an image reference with registry, path, tag and digest stays far below. */
const MAX_TEXT = 1024;

const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * Reads a run-time event.
 *
 * @param value what `JSON.parse` returned
 * @throws EvidenceError `ERR_RUNTIME_EVENT`, also for unknown types and members: what is not
 * understood could not be judged, although it is in the register
 */
export function parseRuntimeEvent(value: unknown): RuntimeEvent {
  const object = new StrictObject(value, 'event', 'ERR_RUNTIME_EVENT');
  const event = readEvent(object);
  object.finish();
  return event;
}

/**
 * What an event extends RTMR3 by: SHA-384 of its canonical JSON (RFC 8785).
 *
 * The event is checked once more: extending is final until the next boot, and an event that no
 * verifier can read would spoil every quote until then.
 *
 * @throws EvidenceError `ERR_RUNTIME_EVENT`
 */
export function digestRuntimeEvent(event: RuntimeEvent): Sha384 {
  return sha384(utf8(canonicalJson(parseRuntimeEvent(event))));
}

/** Whether a text can be the name of a workload in an event. */
export function isWorkloadName(text: string): boolean {
  return text.length <= MAX_NAME && NAME.test(text);
}

function readEvent(object: StrictObject): RuntimeEvent {
  const type = object.oneOf('type', EVENT_TYPES);
  switch (type) {
    case 'proofgate.platform': {
      const image_profile = object.optional('image_profile', (key) => text(object, key));
      return {
        type,
        ca_spki_sha256: digest(object, 'ca_spki_sha256'),
        runtime_version: text(object, 'runtime_version'),
        ...(image_profile === undefined ? {} : { image_profile }),
        platform_root: digest(object, 'platform_root'),
      };
    }
    case 'proofgate.workload.load':
      return {
        type,
        name: workloadName(object),
        image_ref: text(object, 'image_ref'),
        image_digest: digest(object, 'image_digest'),
        config_root: digest(object, 'config_root'),
        spec_digest: digest(object, 'spec_digest'),
      };
    case 'proofgate.workload.unload':
      return { type, name: workloadName(object) };
    case 'proofgate.ca':
      return { type, ca_spki_sha256: digest(object, 'ca_spki_sha256') };
  }
}

function workloadName(object: StrictObject): string {
  return object.pattern('name', NAME, 'a host label: a to z, 0 to 9 and inner hyphens', MAX_NAME);
}

function text(object: StrictObject, key: string): string {
  return object.pattern(
    key,
    /^[^\p{Cc}\p{Surrogate}]+$/u,
    'text without control characters',
    MAX_TEXT,
  );
}

// One spelling only, because the digest is over the text.
function digest(object: StrictObject, key: string): string {
  return object.pattern(key, DIGEST, '64 lower-case hex digits', 64);
}
