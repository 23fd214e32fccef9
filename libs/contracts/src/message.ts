import type { z } from 'zod';

/**
 * A message type: the topic it travels on and the shape of its payload.
 * `version` is part of every payload; a reader accepts the versions it knows and refuses the others by name.
 */
export interface MessageContract<S extends z.ZodType = z.ZodType> {
  readonly topic: string;
  readonly schema: S;
}

export function defineMessage<S extends z.ZodType>(topic: string, schema: S): MessageContract<S> {
  return { topic, schema };
}

export type PayloadOf<C extends MessageContract> = z.infer<C['schema']>;

/**
 * Thrown when a payload does not have its contract's shape. Names every field that is wrong.
 * Delivering the same bytes again cannot help, yet nobody may lose them silently: let it walk the retry ladder to the DLQ.
 */
export class ContractViolationError extends Error {
  override readonly name = 'ContractViolationError';
  readonly code = 'CONTRACT_VIOLATION';
  readonly retriable = false;

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
