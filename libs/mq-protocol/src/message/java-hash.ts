/** Java's `String.hashCode`: `h = 31 * h + unit` over UTF-16 units, in 32 bits with sign. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/** The hash of a tag as it stands in consume queues and in `codeSet`; no tag is 0. */
export function tagsHash(tags: string | undefined): number {
  return tags === undefined ? 0 : javaStringHash(tags);
}
