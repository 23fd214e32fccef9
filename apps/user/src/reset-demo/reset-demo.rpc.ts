import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetUserDemo } from '@rocketshop/contracts';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetUserDemo.pattern)
  reset(@Payload() call: unknown) {
    parseAs(resetUserDemo.pattern, resetUserDemo.call, call);
    return this.service.reset();
  }
}
