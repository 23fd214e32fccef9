import type { z } from 'zod';

/**
 * A message type: its topic and the shape of its payload.
 * Every payload has a `version`. A reader accepts the versions that it knows and refuses the others.
 */
export interface MessageContract<S extends z.ZodType = z.ZodType> {
  readonly topic: string;
  /** The services that publish it. A consumer refuses it from any other. */
  readonly from: readonly string[];
  readonly schema: S;
}

export function defineMessage<S extends z.ZodType>(
  topic: string,
  from: readonly string[],
  schema: S,
): MessageContract<S> {
  return { topic, from, schema };
}

export type PayloadOf<C extends MessageContract> = z.infer<C['schema']>;

/**
 * Thrown when a payload does not have the shape of its contract. It names every wrong field.
 * A second delivery of the same bytes fails too, but the message must not be lost silently. A consumer lets this error
 * pass, so that the message goes to the DLQ at once. So a new version of a payload is read everywhere before anybody
 * publishes it.
 */
export class ContractViolationError extends Error {
  override readonly name = 'ContractViolationError';
  readonly code = 'CONTRACT_VIOLATION';
  readonly retriable = false;
  readonly deadLetterAtOnce = true;

  constructor(
    readonly contract: string,
    readonly problems: readonly string[],
  ) {
    super(`${contract}: ${problems.join('; ')}`);
  }
}

/** Checks `payload` against the contract. @throws {ContractViolationError} */
export function readMessage<C extends MessageContract>(contract: C, payload: unknown): PayloadOf<C> {
  return parseAs(contract.topic, contract.schema, payload) as PayloadOf<C>;
}

/** Checks `value` against `schema` and names the contract in the error. @throws {ContractViolationError} */
export function parseAs<S extends z.ZodType>(contract: string, schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ContractViolationError(
    contract,
    result.error.issues.map((issue) => `${issue.path.join('.') || '(payload)'} ${issue.message}`),
  );
}
