import { createHash } from 'node:crypto';

export interface FingerprintParts {
  readonly buyerId: string;
  readonly route: string;
  readonly body: unknown;
}

/** JSON with the members of objects sorted, so that equivalent bodies have the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 over buyer, route and canonical body. The length before each part keeps the parts apart. */
export function fingerprint({ buyerId, route, body }: FingerprintParts): Buffer {
  const hash = createHash('sha256');
  for (const part of [buyerId, route, canonicalJson(body)]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}
