import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, useCoupon } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { UseCouponService } from './use-coupon.service.js';

@Controller()
export class UseCouponRpc {
  constructor(private readonly service: UseCouponService) {}

  @MessagePattern(useCoupon.pattern)
  use(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    return this.service.use(parseAs(useCoupon.pattern, useCoupon.call, call), deadline);
  }
}
