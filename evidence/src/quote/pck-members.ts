// SPDX-License-Identifier: Apache-2.0
import { readDer, type DerReader } from '../asn1/der-reader.ts';
import { derInvalid } from '../asn1/der-error.ts';

/**
 * The members of `SEQUENCE OF SEQUENCE { OID, value }`, the shape that Intel's PCK extension has on
 * every level.
 *
 * Members are taken out one by one; {@link finish} refuses those that nobody asked for.
 */
export class PckMembers {
  readonly #values = new Map<string, Uint8Array>();

  /** @throws EvidenceError `ERR_DER_INVALID` when a member occurs twice */
  constructor(der: DerReader) {
    der.sequenceOf((reader) =>
      reader.sequence((member) => {
        const oid = member.oid();
        if (this.#values.has(oid)) throw derInvalid(`member ${oid} occurs twice`);
        this.#values.set(oid, member.raw());
      }),
    );
  }

  /** Whether a member is there and has not been taken out. */
  has(oid: string): boolean {
    return this.#values.has(oid);
  }

  /** Takes a member out. @throws EvidenceError `ERR_DER_INVALID` when it is not there */
  required<T>(oid: string, read: (value: DerReader) => T): T {
    const value = this.#values.get(oid);
    if (value === undefined) throw derInvalid(`member ${oid} is missing`);
    this.#values.delete(oid);
    return readDer(value, read);
  }

  /** Takes a member out if it is there. */
  optional<T>(oid: string, read: (value: DerReader) => T): T | undefined {
    return this.has(oid) ? this.required(oid, read) : undefined;
  }

  /** Takes an OCTET STRING of a fixed size out. */
  octets(oid: string, size: number): Uint8Array {
    const value = this.required(oid, (der) => der.octetString());
    if (value.length !== size) {
      throw derInvalid(`member ${oid} has a wrong size`, `${size} bytes`, `${value.length} bytes`);
    }
    return value;
  }

  /** @throws EvidenceError `ERR_DER_INVALID` when members are left */
  finish(): void {
    const left = [...this.#values.keys()];
    if (left.length > 0) throw derInvalid('extension has unknown members', 'none', left.join(', '));
  }
}
