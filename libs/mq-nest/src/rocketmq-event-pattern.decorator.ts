import { EventPattern } from '@nestjs/microservices';
import { ROCKETMQ_TRANSPORT, type RocketmqHandlerExtras } from './handler-extras.js';

/**
 * `@EventPattern(topic, ROCKETMQ_TRANSPORT, extras)` with checked extras: the other transports of a hybrid application do not
 * get the handler. Takes handlers of any parameters, where EventPattern's own type refuses a typed context.
 */
export function RocketmqEventPattern(topic: string, extras: RocketmqHandlerExtras = {}): MethodDecorator {
  return EventPattern<string>(topic, ROCKETMQ_TRANSPORT, extras);
}
