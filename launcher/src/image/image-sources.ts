// SPDX-License-Identifier: Apache-2.0
import type { RegistryConfig } from '@proofgate/api';
import { registryName, type ImageLocation } from './image-location.ts';
import type { ImageSource } from './image-source.ts';
import { LayoutSource } from './layout-source.ts';
import { HostRules } from './registry/host-rules.ts';
import { readCredentials, type RegistryCredentials } from './registry/registry-credentials.ts';
import { RegistrySession } from './registry/registry-session.ts';
import { RegistrySource } from './registry/registry-source.ts';
import type { RegistryTransport } from './registry/registry-transport.ts';

/** Where images come from. */
export interface ImageSourcesOptions {
  readonly registries: readonly RegistryConfig[];
  readonly layoutsDirectory: string;
  readonly transport: RegistryTransport;
}

/** Finds the source for a location; what a registry has admitted stays admitted from one pull to the next. */
export class ImageSources {
  readonly #options: ImageSourcesOptions;
  readonly #known = new Map<string, RegistrySource>();

  constructor(options: ImageSourcesOptions) {
    this.#options = options;
  }

  /** @throws LauncherError ERR_LAUNCHER_IMAGE_NOT_FOUND when there is no such layout */
  async open(location: ImageLocation): Promise<ImageSource> {
    const { registries, layoutsDirectory, transport } = this.#options;
    if (location.kind === 'layout') return await LayoutSource.open(layoutsDirectory, location.name);
    const { host, repository } = location;
    const key = `${host}/${repository}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const file = registries.find(
      (registry) => registryName(registry.host) === host,
    )?.credentials_file;
    const credentials = async (): Promise<RegistryCredentials | undefined> =>
      file === undefined ? undefined : await readCredentials(file);
    const rules = new HostRules(location, registries);
    const session = new RegistrySession({ repository, rules, transport, credentials });
    const source = new RegistrySource(session, repository);
    this.#known.set(key, source);
    return source;
  }
}
