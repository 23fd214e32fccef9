/**
 * Base of every error this library throws.
 * `code` is stable and for programs. `retriable` tells whether the same call may succeed later.
 */
export abstract class ServiceDefaultsError extends Error {
  abstract readonly code: string;
  abstract readonly retriable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when the environment is not a valid configuration. The message names every problem. */
export class ConfigurationError extends ServiceDefaultsError {
  readonly code = 'CONFIGURATION_INVALID';
  readonly retriable = false;

  constructor(readonly problems: readonly string[]) {
    super(`configuration: ${problems.length} problem(s)\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** Thrown when a server cannot listen. The message names the variable to change. */
export class ListenError extends ServiceDefaultsError {
  readonly code = 'LISTEN_FAILED';
  readonly retriable = false;

  constructor(
    message: string,
    /** The variable of the port, such as HTTP_PORT. */
    readonly variable: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Thrown when the database did not answer at start for as long as the service was told to wait. */
export class DatabaseUnavailableError extends ServiceDefaultsError {
  readonly code = 'DATABASE_UNAVAILABLE';
  readonly retriable = true;
}

/** Thrown when the database lacks migrations, and the service's role may not run them. */
export class MigrationsMissingError extends ServiceDefaultsError {
  readonly code = 'MIGRATIONS_MISSING';
  readonly retriable = true;

  constructor(readonly migrations: readonly string[]) {
    super(
      `the database lacks ${migrations.join(', ')}, and the role of DATABASE_URL may not create tables; ` +
        'run dist/migrate.js of this service with the owner in MIGRATION_DATABASE_URL',
    );
  }
}

/** Thrown when no replica of a remote service accepted a connection. The call was not sent. */
export class RpcUnavailableError extends ServiceDefaultsError {
  readonly code = 'RPC_UNAVAILABLE';
  readonly retriable = true;
}

/** Thrown when a call got no answer in time, or its connection broke. Whether the call took effect is unknown. */
export class RpcTimeoutError extends ServiceDefaultsError {
  readonly code = 'RPC_TIMEOUT';
  readonly retriable = true;
}

/** Thrown when the remote handler threw, or its answer does not have the shape of the contract. */
export class RpcFaultError extends ServiceDefaultsError {
  readonly code = 'RPC_FAULT';
  readonly retriable = false;
}

/** Thrown when a bearer token was not signed by us, was altered, or has expired. */
export class InvalidTokenError extends ServiceDefaultsError {
  readonly code = 'TOKEN_INVALID';
  readonly retriable = false;
}

/** Thrown when an HTTP call got no answer, a late one or a too long one. The call may have taken effect. */
export class HttpCallError extends ServiceDefaultsError {
  readonly code = 'HTTP_CALL_FAILED';
  readonly retriable = true;
}
