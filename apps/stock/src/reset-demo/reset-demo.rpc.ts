import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { parseAs, resetStockDemo } from '@rocketshop/contracts';
import { ResetDemoService } from './reset-demo.service.js';

@Controller()
export class ResetDemoRpc {
  constructor(private readonly service: ResetDemoService) {}

  @MessagePattern(resetStockDemo.pattern)
  reset(@Payload() call: unknown) {
    parseAs(resetStockDemo.pattern, resetStockDemo.call, call);
    return this.service.reset();
  }
}
