// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import {
  loadSync,
  type AnyDefinition,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';

/** Turns a message of containerd's protocol into bytes and back. */
export interface Codec<Message> {
  encode(message: Message): Buffer;
  decode(bytes: Buffer): Message;
}

/** A method of one of containerd's services. */
export interface Method<Request, Response> {
  /** `/<service>/<method>`, as HTTP/2 requests name it. */
  readonly path: string;
  encode(request: Request): Buffer;
  decode(bytes: Buffer): Response;
}

/** Beside src and dist alike. */
const PROTO_DIR = fileURLToPath(new URL('../../proto/containerd/', import.meta.url));

const PROTO_FILES = [
  'containers.proto',
  'content.proto',
  'diff.proto',
  'events.proto',
  'images.proto',
  'introspection.proto',
  'leases.proto',
  'snapshots.proto',
  'tasks.proto',
  'version.proto',
];

let loaded: PackageDefinition | undefined;

/**
 * Describes a method; the files that define it are read when it is first used.
 *
 * @param service - below `containerd.services`, such as `tasks.v1.Tasks`
 * @param name - of the method
 */
export function method<Request extends object, Response>(
  service: string,
  name: string,
): Method<Request, Response> {
  const fullName = `containerd.services.${service}`;
  const definition = (): MethodDefinition<object, object> => serviceMethod(fullName, name);
  return {
    path: `/${fullName}/${name}`,
    encode: (request) => definition().requestSerialize(request),
    // Sound: the loader builds the value field by field from the definition, which the type repeats.
    decode: (bytes) => definition().responseDeserialize(bytes) as Response,
  };
}

/**
 * Describes a message that travels packed in another one.
 *
 * @param name - of the message in types.proto
 */
export function codec<Message extends object>(name: string): Codec<Message> {
  const definition = (): MessageTypeDefinition<object, object> => messageType(name);
  return {
    encode: (message) => definition().serialize(message),
    // Sound for the same reason as above.
    decode: (bytes) => definition().deserialize(bytes) as Message,
  };
}

function serviceMethod(service: string, name: string): MethodDefinition<object, object> {
  const found = definitions()[service];
  const definition = found !== undefined && isService(found) ? found[name] : undefined;
  if (definition === undefined) throw new Error(`no method ${name} of ${service} is defined`);
  return definition;
}

function messageType(name: string): MessageTypeDefinition<object, object> {
  const found = definitions()[`proofgate.containerd.${name}`];
  if (found === undefined || !isMessage(found)) throw new Error(`no message ${name} is defined`);
  return found;
}

function definitions(): PackageDefinition {
  loaded ??= loadSync(PROTO_FILES, {
    includeDirs: [PROTO_DIR],
    // Sizes and times stay far below 2^53.
    longs: Number,
    enums: String,
    defaults: true,
  });
  return loaded;
}

/** Messages and enumerations say in which format they are; the fields of a service are methods. */
function isService(definition: AnyDefinition): definition is ServiceDefinition {
  return typeof definition['format'] !== 'string';
}

function isMessage(definition: AnyDefinition): definition is MessageTypeDefinition<object, object> {
  return definition['format'] === 'Protocol Buffer 3 DescriptorProto';
}
