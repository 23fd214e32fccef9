/** A secret that was found in a variable. `user` is set when the variable is a URL. */
export interface FoundSecret {
  readonly variable: string;
  readonly text: string;
  readonly user?: string;
}

/** 64 bits when each character is a hexadecimal digit. */
const LENGTH_MIN = 16;
/** Of 16 random hexadecimal digits, fewer than 6 are different in one of a million. */
const DISTINCT_MIN = 6;
/** What must remain when the words that people type are taken out. */
const REST_MIN = 12;

/** All secrets of the demo contain it, whichever file they come from. */
const DEMO = /demo-?only/i;

/**
 * Words of placeholders and of documentation, and rows of the keyboard. None is shorter than four characters, so that a random
 * secret loses few.
 */
const WORDS = new RegExp(
  [
    'qwertyuiop|qwerty|asdfghjkl|zxcvbnm|1q2w3e4r|letmein|welcome|iloveyou|abc123|trustno1|monkey|dragon',
    'change|replace|please|placeholder|example|sample|default|dummy|insecure|secure|strong|random|super|very|long',
    'secret|password|passwort|passwd|passphrase|token|credential|private|signing|string|value|text|todo|fixme|none',
    'test|testing|demo|local|localhost|develop|development|staging|production|prod|admin|root|user|guest|master',
    'service|callback|merchant|shop|rocketshop|postgres|database|order|stock|coupon|hmac|sha256|base64',
    'your|yours|this|that|here|must|some|with|least|more|than|characters|minimum|only|something|should|thirty|known',
  ].join('|'),
  'g',
);

/** What is wrong with a secret, so that it completes `<VARIABLE> ...`; or undefined. It never contains the secret. */
export function weaknessOf(text: string): string | undefined {
  if (DEMO.test(text)) return 'is a secret of the demo, which everybody knows';
  if (text.length < LENGTH_MIN) return `is weak: it has fewer than ${LENGTH_MIN} characters`;
  if (new Set(text.toLowerCase()).size < DISTINCT_MIN) return 'is weak: it has few different characters';
  if (repeats(text)) return 'is weak: it repeats itself';
  if (isSequence(text)) return 'is weak: its characters follow each other in order';
  if (consistsOfWords(text)) return 'is weak: it consists of common words';
  return undefined;
}

/** The problems of all secrets of one process, one text each. */
export function secretProblems(secrets: readonly FoundSecret[]): string[] {
  const weak = secrets.flatMap(({ variable, text }) => {
    const weakness = weaknessOf(text);
    return weakness === undefined ? [] : [`${variable} ${weakness}`];
  });
  const repeated = secrets.flatMap((secret, index) => {
    const other = secrets.slice(0, index).find((candidate) => isSame(candidate, secret));
    if (!other) return [];
    const where = other.variable === secret.variable ? 'twice' : `that ${other.variable} has, too`;
    return [`${secret.variable} has a secret ${where}; whoever learns one of them must not know the other`];
  });
  return [...new Set([...weak, ...repeated])];
}

/** Two URLs of one database user have the same password. */
const isSame = (a: FoundSecret, b: FoundSecret) =>
  a.text === b.text && (a.user === undefined || a.user !== b.user || a.variable === b.variable);

/** `abcabcabcab`: it consists of a part of at most half its length, over and over. */
function repeats(text: string): boolean {
  for (let part = 1; part <= text.length / 2; part++) {
    if (text.startsWith(text.slice(part))) return true;
  }
  return false;
}

/** `0123456789abcdef`: most characters are the neighbour of the one before. */
function isSequence(text: string): boolean {
  let near = 0;
  for (let index = 1; index < text.length; index++) {
    if (Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1)) <= 1) near++;
  }
  return near > (text.length - 1) / 2;
}

function consistsOfWords(text: string): boolean {
  const letters = text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const rest = letters.replaceAll(WORDS, '');
  return rest.length < letters.length && rest.length < REST_MIN;
}
