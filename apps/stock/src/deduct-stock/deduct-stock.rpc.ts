import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { deductStock, parseAs } from '@rocketshop/contracts';
import type { DeadlineInstant } from '@rocketshop/pg';
import { CallDeadline } from '@rocketshop/service-defaults';
import { DeductStockService } from './deduct-stock.service.js';

@Controller()
export class DeductStockRpc {
  constructor(private readonly service: DeductStockService) {}

  @MessagePattern(deductStock.pattern)
  deduct(@Payload() call: unknown, @CallDeadline() deadline: DeadlineInstant) {
    return this.service.deduct(parseAs(deductStock.pattern, deductStock.call, call), deadline);
  }
}
