// SPDX-License-Identifier: Apache-2.0

/** One container of a measurement. */
export interface ContainerOrder {
  readonly name: string;
  /** From 0; of those that run at a time no two have the same. */
  readonly place: number;
  readonly signal: AbortSignal;
}

/** A way to start containers. */
export interface Starter {
  readonly name: string;
  /** Starts a container of the server's image, which is there already. @returns after its first answer, with status 200 and its name */
  start(order: ContainerOrder): Promise<void>;
  /** Leaves nothing of it. */
  remove(order: ContainerOrder): Promise<void>;
}

/** A way to bring an image from a registry. */
export interface Puller {
  readonly name: string;
  /** @returns when the image is ready to run */
  pull(reference: string, signal: AbortSignal): Promise<void>;
  /** Leaves nothing of it. */
  discard(reference: string, signal: AbortSignal): Promise<void>;
}

/** Port of a server that shares a network with others. */
export function portOf({ place }: ContainerOrder): number {
  return FIRST_PORT + place;
}

const FIRST_PORT = 8_000;
