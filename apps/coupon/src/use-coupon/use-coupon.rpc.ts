import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, useCoupon } from '@rocketshop/contracts';
import { UseCouponService } from './use-coupon.service.js';

@Controller()
export class UseCouponRpc {
  constructor(private readonly service: UseCouponService) {}

  @MessagePattern(useCoupon.pattern)
  use(@Payload() call: unknown) {
    return this.service.use(parseAs(useCoupon.pattern, useCoupon.call, call));
  }
}
