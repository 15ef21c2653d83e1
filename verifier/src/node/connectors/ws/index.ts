// SPDX-License-Identifier: Apache-2.0
export { attestedWebSocket, type AttestedWebSocketOptions } from './attested-web-socket.ts';
