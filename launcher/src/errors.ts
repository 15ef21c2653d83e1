// SPDX-License-Identifier: Apache-2.0
import { CodedError, type ErrorDetails } from '@proofgate/evidence';

/** Every code that this package can throw. */
export const LAUNCHER_ERRORS = {
  ERR_LAUNCHER_RUNTIME_UNAVAILABLE: [
    'rejected',
    'a workload asks for a runtime that this launcher does not have, such as a container engine',
  ],
  ERR_LAUNCHER_COMMAND_INVALID: [
    'rejected',
    'the command of a process workload does not begin with the absolute path of a program',
  ],
  ERR_LAUNCHER_ENV_RESERVED: [
    'rejected',
    'a workload declares an environment variable that the launcher itself sets',
  ],
  ERR_LAUNCHER_SETTING_UNSUPPORTED: [
    'rejected',
    'a workload asks for something that its runtime cannot give it',
  ],
  ERR_LAUNCHER_CLIENT_POLICY: ['rejected', 'the policy for the clients of a workload is none'],
  ERR_LAUNCHER_USER_INVALID: [
    'rejected',
    'a workload asks for a user that the launcher may not switch to',
  ],
  ERR_LAUNCHER_FILE_UNREADABLE: [
    'rejected',
    'a file that a workload runs is missing, unreadable, not a regular file or too large',
  ],
  ERR_LAUNCHER_CA_INVALID: ['rejected', 'the CA certificate file is not a PEM certificate'],
  ERR_LAUNCHER_REGISTER_UNAVAILABLE: [
    'rejected',
    'the platform has no run-time measurement register, so workloads cannot be proved on it',
  ],
  ERR_LAUNCHER_PROC_UNAVAILABLE: ['rejected', 'the system is not Linux, or /proc is not mounted'],
  ERR_LAUNCHER_PROGRAM_CHANGED: [
    'rejected',
    'a program is not the one that was measured any more, so it is not started again',
  ],
  ERR_LAUNCHER_START_FAILED: ['unavailable', 'the system refused to start a process'],
  ERR_LAUNCHER_STOP_FAILED: ['unavailable', 'processes of a workload are left after SIGKILL'],
  ERR_LAUNCHER_EVENT_LOG_MISMATCH: [
    'rejected',
    'RTMR3 is not what the runtime event log replays to: something else extended it, or the log was changed',
  ],
  ERR_LAUNCHER_EVENT_LOG_INVALID: ['rejected', 'the runtime event log file cannot be read'],
  ERR_LAUNCHER_EVENT_LOG_FULL: [
    'rejected',
    'the runtime event log holds as many events as a verifier reads; the VM has to be restarted',
  ],
  ERR_LAUNCHER_EVENT_LOG_UNSETTLED: [
    'unavailable',
    'RTMR3 cannot be read after an extension, so nothing more is recorded until it can',
  ],
  ERR_LAUNCHER_RECORDS_INVALID: [
    'rejected',
    'the file that records the running workloads cannot be read',
  ],
  ERR_LAUNCHER_ENGINE_UNAVAILABLE: [
    'unavailable',
    'the container engine does not answer, or broke off in the middle of an operation',
  ],
  ERR_LAUNCHER_ENGINE_REFUSED: ['rejected', 'the container engine refused an operation'],
  ERR_LAUNCHER_IMAGE_MISMATCH: [
    'rejected',
    'an image or a part of it is not what its digest, size or configuration says',
  ],
  ERR_LAUNCHER_IMAGE_REFUSED: [
    'rejected',
    'an image has a form that the launcher does not accept, such as layers to be fetched from other places',
  ],
  ERR_LAUNCHER_IMAGE_TOO_LARGE: [
    'rejected',
    'an image has more layers or bytes, packed or unpacked, than the launcher accepts',
  ],
  ERR_LAUNCHER_IMAGE_NOT_FOUND: ['rejected', 'the registry or directory does not have the image'],
  ERR_LAUNCHER_REGISTRY_UNAUTHORIZED: [
    'rejected',
    'the registry wants credentials, or does not accept the ones it got',
  ],
  ERR_LAUNCHER_REGISTRY_REFUSED: [
    'rejected',
    'the registry answers against the protocol, or sends the launcher to a place it does not go to',
  ],
  ERR_LAUNCHER_REGISTRY_UNAVAILABLE: ['unavailable', 'the registry cannot be reached or fails'],
  ERR_LAUNCHER_HARDENING_MISSING: [
    'rejected',
    'a container that was created is not confined as it must be, so it was not started',
  ],
  ERR_LAUNCHER_NETWORK_FAILED: ['unavailable', 'the network of a container cannot be set up'],
  ERR_LAUNCHER_SECRET_UNREADABLE: [
    'rejected',
    'the file of a secret is missing, too large, or open to others',
  ],
  ERR_LAUNCHER_VOLUME_REFUSED: [
    'rejected',
    'a volume or device is not one that the launcher gives to containers',
  ],
  ERR_LAUNCHER_PEER_KEYS: [
    'unavailable',
    'the proxy does not show the keys with which it signs what it says of clients',
  ],
  ERR_LAUNCHER_GATEWAY_REFUSED: ['unavailable', 'the proxy did not accept the gateway state'],
  ERR_LAUNCHER_REQUEST_MALFORMED: [
    'rejected',
    'a request to the management API is not JSON, repeats a member, or has content where none belongs',
  ],
  ERR_LAUNCHER_REQUEST_TYPE: [
    'rejected',
    'the content of a request to the management API is not application/json',
  ],
  ERR_LAUNCHER_REQUEST_INVALID: [
    'rejected',
    'a request to the management API has fields that are missing or wrong; each is listed',
  ],
  ERR_LAUNCHER_REQUEST_REFUSED: [
    'rejected',
    'a request to the management API does not fit what is there already, such as a port that is taken',
  ],
  ERR_LAUNCHER_REQUEST_TOO_LARGE: [
    'rejected',
    'the content of a request to the management API is larger than its limit',
  ],
  ERR_LAUNCHER_ENDPOINT_UNKNOWN: ['rejected', 'the management API has nothing under this path'],
  ERR_LAUNCHER_METHOD_REFUSED: [
    'rejected',
    'the management API has this path, but not for this method',
  ],
  ERR_LAUNCHER_REMOTE_DISABLED: [
    'rejected',
    'the management API is closed to remote callers, because platform.management.oidc is not configured',
  ],
  ERR_LAUNCHER_TOKEN_MISSING: ['rejected', 'a request needs a bearer token and has none'],
  ERR_LAUNCHER_TOKEN_INVALID: [
    'rejected',
    'a bearer token is malformed, expired, or not what the configured issuer signed for this audience',
  ],
  ERR_LAUNCHER_TOKEN_NO_ROLE: ['rejected', 'a bearer token carries none of the configured roles'],
  ERR_LAUNCHER_ROLE_REFUSED: ['rejected', 'the role of a caller does not allow what it asks for'],
  ERR_LAUNCHER_CLAIM_REFUSED: [
    'rejected',
    'the containers claim of a token is malformed or does not allow what its bearer asks for',
  ],
  ERR_LAUNCHER_TOO_MANY_FAILURES: [
    'unavailable',
    'too many tokens from one address were refused; it has to wait',
  ],
  ERR_LAUNCHER_TOO_MANY_STREAMS: [
    'unavailable',
    'as many logs are being followed as the launcher allows at a time',
  ],
  ERR_LAUNCHER_ISSUER_UNAVAILABLE: [
    'unavailable',
    'the issuer of the tokens cannot be reached and its keys are not known, or too old',
  ],
  ERR_LAUNCHER_ISSUER_INVALID: [
    'rejected',
    'the configured issuer is not reached over HTTPS, or does not describe itself as OpenID Connect Discovery asks',
  ],
  ERR_LAUNCHER_EXEC_DISABLED: [
    'rejected',
    'platform.containers.exec does not allow programs to be run in containers',
  ],
  ERR_LAUNCHER_WORKLOAD_UNKNOWN: ['rejected', 'no workload has this name'],
  ERR_LAUNCHER_WORKLOAD_STATE: [
    'rejected',
    'a workload is not in a state, or not of a kind, in which it can do what is asked for',
  ],
  ERR_LAUNCHER_VOLUME_UNKNOWN: ['rejected', 'no volume has this name'],
  ERR_LAUNCHER_VOLUME_IN_USE: ['rejected', 'a volume belongs to a workload that is loaded'],
  ERR_LAUNCHER_WORKLOAD_REQUEST: [
    'rejected',
    'a workload asked its socket for something that is not there, or in a form that it does not take',
  ],
  ERR_LAUNCHER_EXTENSIONS_REFUSED: [
    'rejected',
    'extensions of a workload are not below arc 3.5, are there twice, or are too many or too large',
  ],
  ERR_LAUNCHER_EVIDENCE_BUSY: [
    'unavailable',
    'a workload asks for evidence more often than it may, or too many ask at once',
  ],
  ERR_LAUNCHER_EVIDENCE_UNAVAILABLE: [
    'unavailable',
    'no evidence can be made for workloads now, or none that the event log explains',
  ],
  ERR_LAUNCHER_CONFIGURE_REFUSED: [
    'rejected',
    'whoever wants to configure a container is not its owner or an admin of its application',
  ],
  ERR_LAUNCHER_CONFIGURE_BUSY: ['unavailable', 'a container is being configured already'],
  ERR_LAUNCHER_CONFIGURE_UNAVAILABLE: [
    'unavailable',
    'a container that is to be configured does not run or does not answer',
  ],
  ERR_LAUNCHER_IMAGE_STORE_FAILED: [
    'unavailable',
    'the directory of images cannot be read or written, for example because the disk is full',
  ],
  ERR_LAUNCHER_VOLUME_FAILED: [
    'unavailable',
    'an encrypted volume cannot be made, opened or closed',
  ],
} as const;

/** A code of {@link LauncherError}. */
export type LauncherErrorCode = keyof typeof LAUNCHER_ERRORS;

/** A workload that cannot be measured, started, stopped or proved. */
export class LauncherError extends CodedError<LauncherErrorCode> {
  constructor(code: LauncherErrorCode, message: string, details?: ErrorDetails) {
    super(code, LAUNCHER_ERRORS[code][0], message, details);
  }
}
