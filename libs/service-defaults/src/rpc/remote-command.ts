import type { z } from 'zod';

/** A command as contracts define it: pattern on the wire, shape of the call, shape of the answer with its refusals. */
export interface RemoteCommand<C extends z.ZodType = z.ZodType, A extends z.ZodType = z.ZodType> {
  readonly pattern: string;
  readonly call: C;
  readonly answer: A;
}

/** The arguments of a call. The client adds `deadline` to commands that have one. */
export type CallData<C extends RemoteCommand> = Omit<z.input<C['call']>, 'deadline'>;
export type CallAnswer<C extends RemoteCommand> = z.output<C['answer']>;

export interface CallOptions {
  /** Longest wait for the answer. */
  readonly timeoutMs: number;
  /** Instant (ms since the epoch) at which the whole flow gives up. The wait ends there at the latest. */
  readonly deadline?: number;
}

export function carriesDeadline(command: RemoteCommand): boolean {
  if (!('shape' in command.call)) return false;
  const { shape } = command.call;
  return typeof shape === 'object' && shape !== null && 'deadline' in shape;
}
