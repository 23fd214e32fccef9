import { z } from 'zod';
import { text } from './text.js';

/**
 * A remote command: its pattern on the Nest TCP transport, the shape of the call and the answer.
 * A business refusal is an answer (`ok: false` with a code); a fault is an exception. Never both.
 */
export interface CommandContract<C extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
  readonly pattern: string;
  readonly call: C;
  readonly answer: A;
  /** It only asks and changes nothing, so that a client may ask another replica early. */
  readonly isRead?: boolean;
}

export function defineCommand<C extends z.ZodType, A extends z.ZodType>(
  pattern: string,
  call: C,
  answer: A,
): CommandContract<C, A> {
  return { pattern, call, answer };
}

/** A command that only asks. All others are idempotent by order id: a repeated one takes nothing twice. */
export function defineRead<C extends z.ZodType, A extends z.ZodType>(
  pattern: string,
  call: C,
  answer: A,
): CommandContract<C, A> {
  return { pattern, call, answer, isRead: true };
}

export type CallOf<C extends CommandContract> = z.infer<C['call']>;
export type AnswerOf<C extends CommandContract> = z.infer<C['answer']>;

/** `{ ok: false }` with one of the command's codes and a sentence for people. */
export const refusal = <const Codes extends readonly [string, ...string[]]>(codes: Codes) =>
  z.object({ ok: z.literal(false), code: z.enum(codes), detail: text() });
