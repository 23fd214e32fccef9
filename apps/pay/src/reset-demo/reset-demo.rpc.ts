import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetPayDemo } from '@rocketshop/contracts';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetPayDemo.pattern)
  reset(@Payload() call: unknown) {
    parseAs(resetPayDemo.pattern, resetPayDemo.call, call);
    return this.service.reset();
  }
}
