import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { TcpContext } from '@nestjs/microservices';
import { deadlineIn } from '@rocketshop/pg';
import type { DeadlineInstant } from '@rocketshop/pg';

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

export const TIME_LEFT = 'msLeft';
/** For a caller that tells no time, and for one that tells a time no caller waits. */
const MS_LEFT_MAX = 60_000;

/** The parameter of a remote command's handler that tells when the caller stops waiting. */
export const CallDeadline = createParamDecorator((_: unknown, execution: ExecutionContext): DeadlineInstant => {
  const context = execution.switchToRpc().getContext<unknown>();
  const told = Number(context instanceof TcpContext ? context.getMetadata()?.[TIME_LEFT] : NaN);
  return deadlineIn(told >= 0 && told < MS_LEFT_MAX ? told : MS_LEFT_MAX);
});
