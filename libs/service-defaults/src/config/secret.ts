import { inspect } from 'node:util';

const MASK = '[secret]';

/** A value that must not be printed. Logs, JSON, templates and `inspect` show a mask; `reveal()` returns the value. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** One of several secrets that are valid at the same time. */
export interface KeyedSecret {
  /** Names the secret where it is used. It is public. */
  readonly id: string;
  readonly secret: Secret;
}
