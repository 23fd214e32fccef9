export type BrokerErrorCode = 'BROKER_CONFIG_INVALID' | 'BROKER_CLOSED';

/** Base of the errors of the broker itself; the store has its own. */
export class BrokerError extends Error {
  readonly retriable = false;

  constructor(
    readonly code: BrokerErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }
}

/** Thrown when settings are wrong; `problems` names every one of them. */
export class BrokerConfigError extends BrokerError {
  constructor(readonly problems: readonly string[]) {
    super('BROKER_CONFIG_INVALID', `wrong settings: ${problems.join('; ')}`);
  }
}
