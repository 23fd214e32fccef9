import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { DeadlineInstant } from '@rocketshop/pg';
import type { RpcCallContext } from './rpc-call.context.js';

interface DeadlineRefusal {
  readonly ok: false;
  readonly code: 'DEADLINE_PASSED';
  readonly detail: string;
}

/** The typed answer of a participant that is past the deadline. */
export const deadlinePassed = (): DeadlineRefusal => ({
  ok: false,
  code: 'DEADLINE_PASSED',
  detail: 'The call arrived after its deadline, so nothing was done.',
});

/** The parameter of a remote command's handler that tells when the caller stops waiting. */
export const CallDeadline = createParamDecorator(
  (_: unknown, execution: ExecutionContext): DeadlineInstant =>
    execution.switchToRpc().getContext<RpcCallContext>().deadline,
);
