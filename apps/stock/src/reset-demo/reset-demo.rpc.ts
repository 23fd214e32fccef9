import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetStockDemo } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetStockDemo.pattern)
  reset(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    parseAs(resetStockDemo.pattern, resetStockDemo.call, call);
    return this.service.reset({ deadline });
  }
}
