import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { orderCancelled, readMessage } from '@rocketshop/contracts';
import { ROCKETMQ_TRANSPORT } from '@rocketshop/mq-nest';
import { RELEASE_COUPON_GROUP, ReleaseCouponService } from './release-coupon.service.js';

@Controller()
export class ReleaseCouponConsumer {
  constructor(private readonly service: ReleaseCouponService) {}

  @EventPattern(orderCancelled.topic, ROCKETMQ_TRANSPORT, { group: RELEASE_COUPON_GROUP })
  release(@Payload() payload: unknown): Promise<void> {
    return this.service.release(readMessage(orderCancelled, payload));
  }
}
