import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetUserDemo } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetUserDemo.pattern)
  reset(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    parseAs(resetUserDemo.pattern, resetUserDemo.call, call);
    return this.service.reset({ deadline });
  }
}
