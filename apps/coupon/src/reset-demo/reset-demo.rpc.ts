import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetCouponDemo } from '@rocketshop/contracts';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetCouponDemo.pattern)
  reset(@Payload() call: unknown) {
    parseAs(resetCouponDemo.pattern, resetCouponDemo.call, call);
    return this.service.reset();
  }
}
