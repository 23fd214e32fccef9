export type ClientErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_MESSAGE'
  | 'INVALID_STATE'
  | 'DUPLICATE_GROUP'
  | 'NO_NAME_SERVER'
  | 'NO_ROUTE'
  | 'BROKER_NOT_FOUND'
  | 'CONNECTION_FAILED'
  | 'REQUEST_TIMEOUT'
  | 'SEND_TIMEOUT'
  | 'TOO_MANY_SENDS'
  | 'BROKER_REFUSED';

/**
 * Base of all errors of this library. `retriable` says whether the same call may succeed later. It does not say whether
 * a message was stored: see {@link SendTimeoutError}.
 */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly retriable: boolean;

  constructor(code: ClientErrorCode, message: string, retriable: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.retriable = retriable;
  }
}

/** Thrown when a client is constructed or started with wrong options. `problems` names all of them. */
export class InvalidOptionsError extends ClientError {
  constructor(
    client: string,
    readonly problems: readonly string[],
  ) {
    super('INVALID_OPTIONS', `${client} cannot start: ${problems.join('; ')}`, false);
  }
}

/** Thrown when a message breaks a rule of the broker: a wrong name, size or reserved property. It was not sent. */
export class InvalidMessageError extends ClientError {
  constructor(reason: string, cause?: unknown) {
    super('INVALID_MESSAGE', reason, false, cause);
  }
}

/** Thrown when a method is called before start() or after shutdown(). */
export class InvalidStateError extends ClientError {
  constructor(reason: string) {
    super('INVALID_STATE', reason, false);
  }
}

/** Thrown when a second producer or consumer of the same group joins one client instance (one client id). */
export class DuplicateGroupError extends ClientError {
  constructor(readonly group: string) {
    super(
      'DUPLICATE_GROUP',
      `group ${group} runs already in this client instance; give the second client another instanceName`,
      false,
    );
  }
}

/** Thrown when none of the configured name servers answered. */
export class NoNameServerError extends ClientError {
  constructor(
    readonly addresses: readonly string[],
    cause?: unknown,
  ) {
    super('NO_NAME_SERVER', `no name server answered: ${addresses.join(', ')}`, true, cause);
  }
}

/** Thrown when no name server knows a broker that stores the topic. */
export class NoRouteError extends ClientError {
  constructor(
    readonly topic: string,
    cause?: unknown,
  ) {
    super('NO_ROUTE', `no route for topic ${topic}`, true, cause);
  }
}

/** Thrown when a queue names a broker that is in no known route. */
export class BrokerNotFoundError extends ClientError {
  constructor(readonly brokerName: string) {
    super('BROKER_NOT_FOUND', `broker ${brokerName} is in no known route`, true);
  }
}

/** Thrown when a connection could not be opened, is in its back-off, or was lost before the answer came. */
export class ConnectionError extends ClientError {
  constructor(
    readonly address: string,
    reason: string,
    cause?: unknown,
  ) {
    super('CONNECTION_FAILED', `${address}: ${reason}`, true, cause);
  }
}

/** Thrown when a broker or name server did not answer in time. */
export class RequestTimeoutError extends ClientError {
  constructor(
    readonly address: string,
    readonly timeoutMs: number,
    cause?: unknown,
  ) {
    super('REQUEST_TIMEOUT', `${address} did not answer within ${timeoutMs} ms`, true, cause);
  }
}

/** Thrown when a message was not acknowledged within `sendMsgTimeout` over all attempts. */
export class SendTimeoutError extends ClientError {
  constructor(
    readonly topic: string,
    readonly timeoutMs: number,
    readonly attempts: number,
    /** False when no request left this process: then no broker has the message. */
    readonly mayBeStored: boolean,
    cause?: unknown,
  ) {
    super(
      'SEND_TIMEOUT',
      `send to ${topic} was not acknowledged within ${timeoutMs} ms (${attempts} attempts); it ${mayBeStored ? 'may have been' : 'was not'} stored`,
      true,
      cause,
    );
  }
}

/** Thrown when maxSendsInFlight sends wait for their answers. The message was not sent. */
export class TooManySendsError extends ClientError {
  constructor(readonly limit: number) {
    super('TOO_MANY_SENDS', `${limit} sends wait for their answers`, true);
  }
}

/** Thrown when a broker or name server answered with a code other than success. Nothing was stored. */
export class BrokerRefusedError extends ClientError {
  constructor(
    readonly responseCode: number,
    readonly remark: string,
    readonly address: string,
    retriable: boolean,
  ) {
    super('BROKER_REFUSED', `${address} answered ${responseCode}: ${remark}`, retriable);
  }
}
