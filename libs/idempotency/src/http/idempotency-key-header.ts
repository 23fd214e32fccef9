/** Longest key accepted; a UUID has 36 characters. */
const KEY_LENGTH_MAX = 128;

/** A structured-field string (RFC 9651, 3.3.3): printable ASCII in double quotes, `\"` and `\\` escaped. */
const QUOTED = /^"(?<value>(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** In practice clients send a bare UUID or token. */
const BARE = /^[A-Za-z0-9][A-Za-z0-9._:~-]*$/;

/**
 * Reads the Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07: a structured-field string).
 * `"abc"` and `abc` are the same key. @returns undefined if the header is missing or malformed
 */
export function parseIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const text = header.trim();
  const quoted = QUOTED.exec(text)?.groups?.['value']?.replaceAll(/\\(["\\])/g, '$1');
  const key = quoted ?? (BARE.test(text) ? text : undefined);
  return key !== undefined && key.length > 0 && key.length <= KEY_LENGTH_MAX ? key : undefined;
}
