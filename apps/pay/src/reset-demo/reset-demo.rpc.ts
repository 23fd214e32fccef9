import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetPayDemo } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetPayDemo.pattern)
  reset(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    parseAs(resetPayDemo.pattern, resetPayDemo.call, call);
    return this.service.reset({ deadline });
  }
}
