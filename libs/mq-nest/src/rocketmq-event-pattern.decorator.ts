import { EventPattern } from '@nestjs/microservices';
import { ROCKETMQ_TRANSPORT } from './handler-extras.js';
import type { RocketmqHandlerExtras } from './handler-extras.js';

/**
 * `@EventPattern(topic, ROCKETMQ_TRANSPORT, extras)` with typed extras. The other transports of a hybrid application do
 * not get the handler. It accepts handlers with any parameters, because EventPattern's own type refuses a typed
 * context.
 */
export function RocketmqEventPattern(topic: string, extras: RocketmqHandlerExtras = {}): MethodDecorator {
  return EventPattern<string>(topic, ROCKETMQ_TRANSPORT, extras);
}
