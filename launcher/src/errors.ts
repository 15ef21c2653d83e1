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
  ERR_LAUNCHER_GATEWAY_REFUSED: ['unavailable', 'the proxy did not accept the gateway state'],
} as const;

/** A code of {@link LauncherError}. */
export type LauncherErrorCode = keyof typeof LAUNCHER_ERRORS;

/** A workload that cannot be measured, started, stopped or proved. */
export class LauncherError extends CodedError<LauncherErrorCode> {
  constructor(code: LauncherErrorCode, message: string, details?: ErrorDetails) {
    super(code, LAUNCHER_ERRORS[code][0], message, details);
  }
}
