const SLOT_INTS = 5;
const SLOTS_AT_START = 32;

/** The form of an ext field's value in the frame. */
export const ValueKind = {
  PLAIN: 0,
  /** A JSON string with escapes: decode it before use. */
  ESCAPED: 1,
  /** JSON null: the field counts as absent, and it hides an earlier field of the same name. */
  NULL: 2,
} as const;
/** Added to the kind when the key has escapes. */
export const KEY_ESCAPED = 4;

/**
 * The offsets of one header's parts in the frame's buffer. A scanner fills the same index for every frame, so that reading a header
 * makes no garbage.
 */
export class HeaderIndex {
  code = 0;
  version = 0;
  opaque = 0;
  flag = 0;
  /** Ordinal of the language, or -1 when it stands as text between `languageStart` and `languageEnd`. */
  languageOrdinal = 0;
  languageStart = 0;
  languageEnd = 0;
  /** -1 when there is no remark. */
  remarkStart = -1;
  remarkEnd = -1;
  remarkEscaped = false;
  hasExtFields = false;
  fieldCount = 0;
  /** Per field: keyStart, keyEnd, valueStart, valueEnd, kind. */
  slots = new Int32Array(SLOTS_AT_START * SLOT_INTS);
  /** Per field: a number that differs for most keys, to skip them without comparing bytes. */
  fingerprints = new Int32Array(SLOTS_AT_START);

  clear(): void {
    this.code = 0;
    this.version = 0;
    this.opaque = 0;
    this.flag = 0;
    this.languageOrdinal = 0;
    this.remarkStart = -1;
    this.remarkEnd = -1;
    this.remarkEscaped = false;
    this.hasExtFields = false;
    this.fieldCount = 0;
  }

  add(buffer: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number, kind: number): void {
    const field = this.fieldCount;
    if (field === this.fingerprints.length) this.grow();
    const slots = this.slots;
    const at = field * SLOT_INTS;
    slots[at] = keyStart;
    slots[at + 1] = keyEnd;
    slots[at + 2] = valueStart;
    slots[at + 3] = valueEnd;
    slots[at + 4] = kind;
    this.fingerprints[field] = kind >= KEY_ESCAPED ? -1 : fingerprint(buffer, keyStart, keyEnd);
    this.fieldCount = field + 1;
  }

  keyStart(field: number): number {
    return this.slots[field * SLOT_INTS] ?? 0;
  }

  keyEnd(field: number): number {
    return this.slots[field * SLOT_INTS + 1] ?? 0;
  }

  valueStart(field: number): number {
    return this.slots[field * SLOT_INTS + 2] ?? 0;
  }

  valueEnd(field: number): number {
    return this.slots[field * SLOT_INTS + 3] ?? 0;
  }

  kind(field: number): number {
    return this.slots[field * SLOT_INTS + 4] ?? 0;
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    slots.set(this.slots);
    this.slots = slots;
    const fingerprints = new Int32Array(this.fingerprints.length * 2);
    fingerprints.set(this.fingerprints);
    this.fingerprints = fingerprints;
  }
}

/** Length, first and last byte of a key. It is never negative: -1 marks keys that must be decoded before they are compared. */
export function fingerprint(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  return (((end - start) & 0x7fff) << 16) | ((bytes[start] ?? 0) << 8) | (bytes[end - 1] ?? 0);
}
