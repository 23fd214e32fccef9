import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCancelled, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { RETURN_BALANCE_GROUP, ReturnBalanceService } from './return-balance.service.js';

@Controller()
export class ReturnBalanceConsumer {
  constructor(private readonly service: ReturnBalanceService) {}

  @EventPattern(orderCancelled.topic, ROCKETMQ_TRANSPORT, { group: RETURN_BALANCE_GROUP })
  return(@Payload() payload: unknown): Promise<void> {
    return this.service.return(readMessage(orderCancelled, payload));
  }
}
