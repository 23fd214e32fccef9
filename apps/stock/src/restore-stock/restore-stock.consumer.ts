import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCancelled, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { RESTORE_STOCK_GROUP, RestoreStockService } from './restore-stock.service.js';

@Controller()
export class RestoreStockConsumer {
  constructor(private readonly service: RestoreStockService) {}

  @EventPattern(orderCancelled.topic, ROCKETMQ_TRANSPORT, { group: RESTORE_STOCK_GROUP })
  restore(@Payload() payload: unknown): Promise<void> {
    return this.service.restore(readMessage(orderCancelled, payload));
  }
}
