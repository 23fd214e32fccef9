/** The body of an error answer (RFC 9457, application/problem+json). `code` is our own member, for programs. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly [member: string]: unknown;
}

export interface ProblemInit {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** Stable, for programs, such as ORDER_NOT_FOUND. */
  readonly code: string;
  /** A short sentence, always the same for this code. */
  readonly title: string;
  /** A sentence about this occurrence. It never reveals internals. */
  readonly detail?: string;
  /** @default a URN derived from the code */
  readonly type?: string;
  /** Further members of the body. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export const problemTypeOf = (code: string): string =>
  `urn:rocketshop:problem:${code.toLowerCase().replaceAll('_', '-')}`;

/** Thrown when a request is answered with a problem. The filter writes `problem` unchanged, without the stack. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly code: string;
  readonly retriable: boolean;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(init: ProblemInit) {
    super(init.detail ?? init.title, init.cause === undefined ? undefined : { cause: init.cause });
    this.status = init.status;
    this.code = init.code;
    this.retriable = init.status >= 500 || init.status === 409 || init.status === 429;
    this.headers = init.headers ?? {};
    this.problem = {
      ...init.extra,
      type: init.type ?? problemTypeOf(init.code),
      title: init.title,
      status: init.status,
      code: init.code,
      ...(init.detail === undefined ? {} : { detail: init.detail }),
    };
  }
}

export const notFound = (what: string, code = `${what.toUpperCase().replaceAll(' ', '_')}_NOT_FOUND`): ProblemError =>
  new ProblemError({ status: 404, code, title: `No such ${what}.` });
