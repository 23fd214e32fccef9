/** Lines an administrator sends at once; more is no configuration. */
const LINES_MAX = 1_000;

/**
 * Reads `key=value` lines as administration tools send them: `#` and `!` start a comment, blanks around key and value
 * do not count. Escapes and continued lines of the full Java format are not used by any tool and are taken literally.
 */
export function parseJavaProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split(/\r?\n/, LINES_MAX)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue;
    const separator = trimmed.search(/[=:]/);
    if (separator < 1) continue;
    properties.set(trimmed.slice(0, separator).trim(), trimmed.slice(separator + 1).trim());
  }
  return properties;
}

/** Writes `key=value` lines, sorted by key. */
export function formatJavaProperties(properties: Readonly<Record<string, string | number | boolean>>): string {
  return Object.keys(properties)
    .sort()
    .map((key) => `${key}=${properties[key]}\n`)
    .join('');
}
