// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

/** Handlers by service below `containerd.services` and by method, as gRPC's server calls them. */
export type FakeServices = Readonly<Record<string, UntypedServiceImplementation>>;

/** Something that speaks containerd's protocol on a socket. */
export interface FakeContainerd {
  /** Breaks every connection, as a kill would. */
  kill(): void;
}

const FILES = ['version.proto', 'tasks.proto', 'events.proto', 'introspection.proto'];
const DIRECTORY = fileURLToPath(new URL('../../proto/containerd', import.meta.url));

/** Listens on a socket; answers with what the handlers say. */
export async function fakeContainerd(
  socket: string,
  services: FakeServices,
): Promise<FakeContainerd> {
  const definitions = loadSync(FILES, { includeDirs: [DIRECTORY], enums: String, longs: Number });
  const server = new Server();
  for (const [name, handlers] of Object.entries(services)) {
    // Sound: these names are those of services in the files.
    server.addService(definitions[`containerd.services.${name}`] as ServiceDefinition, handlers);
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return {
    kill: () => {
      server.forceShutdown();
    },
  };
}
