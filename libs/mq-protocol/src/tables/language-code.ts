/** Language names and their ordinals in the binary header. Source: remoting/protocol/LanguageCode.java. */
const LanguageCode = {
  JAVA: 0,
  CPP: 1,
  DOTNET: 2,
  PYTHON: 3,
  DELPHI: 4,
  ERLANG: 5,
  RUBY: 6,
  OTHER: 7,
  HTTP: 8,
  GO: 9,
  PHP: 10,
  OMS: 11,
  RUST: 12,
  NODE_JS: 13,
} as const;

export type LanguageName = keyof typeof LanguageCode;

/**
 * What we claim to be. Brokers and clients of 4.x do not know NODE_JS and read an unknown name as null, so the one name
 * that every version knows is used, as other Node.js clients do.
 */
export const CLAIMED_LANGUAGE: LanguageName = 'JAVA';

const names = Object.keys(LanguageCode) as LanguageName[];

/** Name of a binary ordinal; unknown ordinals read as OTHER. */
export function languageName(ordinal: number): LanguageName {
  return names[ordinal] ?? 'OTHER';
}

/** Binary ordinal of a name; unknown names are written as OTHER. */
export function languageOrdinal(name: string): number {
  return Object.hasOwn(LanguageCode, name) ? LanguageCode[name as LanguageName] : LanguageCode.OTHER;
}
