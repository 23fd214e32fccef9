import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { deductBalance, parseAs } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { DeductBalanceService } from './deduct-balance.service.js';

@Controller()
export class DeductBalanceRpc {
  constructor(private readonly service: DeductBalanceService) {}

  @MessagePattern(deductBalance.pattern)
  deduct(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    return this.service.deduct(parseAs(deductBalance.pattern, deductBalance.call, call), deadline);
  }
}
