/** The closed list of reasons this library fails for. */
export type ProtocolErrorCode =
  | 'FRAME_MALFORMED'
  | 'FRAME_TOO_LARGE'
  | 'HEADER_FIELD_INVALID'
  | 'BODY_MALFORMED'
  | 'MESSAGE_MALFORMED'
  | 'COMPRESSION_FAILED'
  | 'REQUEST_REFUSED'
  | 'CONNECT_FAILED'
  | 'CONNECTION_CLOSED'
  | 'REQUEST_TIMEOUT'
  | 'TOO_MANY_REQUESTS'
  | 'SLOW_READER'
  | 'FRAME_MEMORY'
  | 'IDLE_TIMEOUT';

export interface ProtocolErrorOptions {
  cause?: unknown;
  /** Whether the same call may succeed when it is repeated later or elsewhere. */
  retriable?: boolean;
}

/** Base of every error this library throws. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
  readonly code: ProtocolErrorCode;
  readonly retriable: boolean;

  constructor(code: ProtocolErrorCode, message: string, options: ProtocolErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? false;
  }
}

/** Thrown when bytes are not a frame. The stream has lost its place: the connection must be closed without an answer. */
export class FrameError extends ProtocolError {
  override readonly name = 'FrameError';

  constructor(message: string, code: 'FRAME_MALFORMED' | 'FRAME_TOO_LARGE' = 'FRAME_MALFORMED') {
    super(code, message);
  }
}

/** Thrown when a header field is missing or is not of its type. A server answers with code 1 and this message. */
export class HeaderFieldError extends ProtocolError {
  override readonly name = 'HeaderFieldError';
  readonly field: string;

  constructor(field: string, problem: string) {
    super('HEADER_FIELD_INVALID', `the header field <${field}> ${problem}`);
    this.field = field;
  }
}

/** Thrown when a body is not what the command promises: broken JSON, a wrong type, over a limit. */
export class BodyError extends ProtocolError {
  override readonly name = 'BodyError';

  constructor(message: string, cause?: unknown) {
    super('BODY_MALFORMED', message, { cause });
  }
}

/** Thrown when a message record or a batch does not hold together. */
export class MessageFormatError extends ProtocolError {
  override readonly name = 'MessageFormatError';

  constructor(message: string) {
    super('MESSAGE_MALFORMED', message);
  }
}

/** Thrown when a body cannot be inflated: unknown method, broken stream, or larger than allowed. */
export class CompressionError extends ProtocolError {
  override readonly name = 'CompressionError';

  constructor(message: string, cause?: unknown) {
    super('COMPRESSION_FAILED', message, { cause });
  }
}

/** Thrown when a request handler answers with a response code other than success. `peer` turns it into that answer. */
export class RequestRefusedError extends ProtocolError {
  override readonly name = 'RequestRefusedError';
  readonly responseCode: number;

  constructor(responseCode: number, remark: string) {
    super('REQUEST_REFUSED', remark);
    this.responseCode = responseCode;
  }
}

/** Thrown when a connection cannot be made, ends, or does not answer in time. `address` is `host:port`. */
export class PeerError extends ProtocolError {
  override readonly name = 'PeerError';
  readonly address: string;

  constructor(code: ProtocolErrorCode, address: string, message: string, cause?: unknown) {
    super(code, `${message} (${address})`, { cause, retriable: true });
    this.address = address;
  }
}
