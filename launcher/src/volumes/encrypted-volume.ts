// SPDX-License-Identifier: Apache-2.0

/** How the kernel or a program of the system encrypts a volume. */
export type VolumeKind = 'luks2' | 'gocryptfs';

/** Where a volume's key comes from, as certificates say it (OID `volumeKeyOrigin`). */
export type VolumeKeyOrigin = 'generated';

/**
 * Origin of a key that was drawn at random in this VM and is written down nowhere. When its volume is closed, or the VM
 * ends, what was in the volume cannot be read any more by anybody.
 */
export const GENERATED_KEY: VolumeKeyOrigin = 'generated';

/** What a workload asks for. */
export interface VolumeRequest {
  /** Of the workload: a DNS label. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whom the volume belongs to, as the VM numbers users. */
  readonly uid: number;
  readonly gid: number;
}

/** A volume that can be used. */
export interface EncryptedVolume {
  readonly name: string;
  readonly kind: VolumeKind;
  readonly keyOrigin: VolumeKeyOrigin;
  readonly sizeBytes: number;
  /** Where it is mounted in the VM. */
  readonly directory: string;
}

/** A volume as it is found. */
export interface FoundVolume extends EncryptedVolume {
  /** Whether it is open, so that its content can be used. */
  readonly mounted: boolean;
  /** Of its file system, while it is mounted. */
  readonly usedBytes?: number;
  readonly availableBytes?: number;
}

/** Paths of one volume. */
export interface VolumePlace {
  /** Unique on this machine: the kernel has one list of names for all of them. */
  readonly deviceName: string;
  /** File with what is encrypted, and as large as the volume may become. */
  readonly image: string;
  /** Directory that something in between may be mounted on. */
  readonly inner: string;
  /** Where the volume appears. */
  readonly mountPoint: string;
}

/** One way to encrypt. Volumes stay open when the launcher ends. */
export interface VolumeBackend {
  readonly kind: VolumeKind;
  /** Makes a volume that is not there, and opens it. */
  create(place: VolumePlace, sizeBytes: number, key: Buffer): Promise<void>;
  /** Whether it is open and works. */
  isOpen(place: VolumePlace): Promise<boolean>;
  /** Closes whatever is open of it; no error when nothing is. */
  close(place: VolumePlace): Promise<void>;
  /**
   * Makes an open volume larger.
   *
   * @throws LauncherError ERR_LAUNCHER_VOLUME_REFUSED when this kind cannot
   */
  grow(place: VolumePlace, sizeBytes: number): Promise<void>;
}
