import { fingerprint } from '../header/header-index.js';

/** The name of a header field, prepared once so that looking it up compares bytes. */
export interface FieldKey {
  readonly name: string;
  readonly bytes: Buffer;
  readonly fingerprint: number;
}

export function fieldKey(name: string): FieldKey {
  const bytes = Buffer.from(name);
  return { name, bytes, fingerprint: fingerprint(bytes, 0, bytes.length) };
}
