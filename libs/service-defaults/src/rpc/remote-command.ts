import type { DeadlineInstant } from '@rocketshop/pg';
import type { z } from 'zod';

/** A command as contracts define it: pattern on the wire, shape of the call, shape of the answer with its refusals. */
export interface RemoteCommand<C extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
  readonly pattern: string;
  readonly call: C;
  readonly answer: A;
  /** It only asks and changes nothing, so that it may be asked again early. Every other command is idempotent by order id. */
  readonly isRead?: boolean;
}

export type CallData<C extends RemoteCommand> = z.input<C['call']>;
export type CallAnswer<C extends RemoteCommand> = z.output<C['answer']>;

export interface CallOptions {
  /** Longest wait for the answer. */
  readonly timeoutMs: number;
  /** When the whole flow gives up. The wait ends there at the latest. */
  readonly deadline?: DeadlineInstant;
}
