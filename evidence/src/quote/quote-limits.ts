// SPDX-License-Identifier: Apache-2.0

/**
 * Largest quote: what configfs-tsm hands out at most (`TSM_REPORT_OUTBLOB_MAX`). Quotes in use have
 * 5 KiB, padded to 8000 bytes on some clouds.
 */
export const MAX_QUOTE_BYTES: number = 32 * 1024;
