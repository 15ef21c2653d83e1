// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod';
import { parseAddressRange, type AddressRange } from './address-range.ts';
import { parsedText } from './text-fields.ts';

/** Who passes connections of others on to the proxy, with the PROXY protocol, version 2. */
export interface ProxyProtocolConfig {
  /** Their addresses. All their connections have to begin with a header, and nobody else's may. */
  readonly from: readonly AddressRange[];
}

/** Load balancers have a few ranges, the largest clouds publish some dozens; each new connection is looked up. */
export const MAX_PROXY_PROTOCOL_RANGES = 256;

/** Schema of {@link ProxyProtocolConfig}. */
export const proxyProtocolSchema: z.ZodType<ProxyProtocolConfig, unknown> = z.strictObject({
  from: z.array(parsedText(parseAddressRange)).min(1).max(MAX_PROXY_PROTOCOL_RANGES),
});
