import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, quoteCoupon } from '@rocketshop/contracts';
import { QuoteCouponService } from './quote-coupon.service.js';

@Controller()
export class QuoteCouponRpc {
  constructor(private readonly service: QuoteCouponService) {}

  @MessagePattern(quoteCoupon.pattern)
  quote(@Payload() call: unknown) {
    return this.service.quote(parseAs(quoteCoupon.pattern, quoteCoupon.call, call));
  }
}
