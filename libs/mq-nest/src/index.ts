export { RocketmqModule } from './rocketmq.module.js';
export type {
  RocketmqConnectionOptions,
  RocketmqModuleOptions,
  RocketmqPublisherOptions,
  RocketmqServerOptions,
} from './rocketmq.config.js';

export type { MessageAuthentication, MessageKey } from './authentication/authentication.config.js';

export { RocketmqPublisher } from './rocketmq.publisher.js';
export { keyedPublisher } from './keyed-publisher.js';
export type { PublishReceipt, PublishStatus, RocketmqMessage, RocketmqRecordOptions } from './rocketmq-message.js';

export { RocketmqServer } from './rocketmq.server.js';
export type { RocketmqServerEvents } from './delivery-outcomes.js';
export { RocketmqEventPattern } from './rocketmq-event-pattern.decorator.js';
export { ROCKETMQ_TRANSPORT, type RocketmqHandlerExtras, type RocketmqStatus } from './handler-extras.js';
export { RocketmqContext } from './rocketmq.context.js';
export { DiscardMessageError, RetryMessageError, type FailureReason } from './outcome.js';
export type { DeliveryCounts, DiscardEvent, FailureEvent } from './delivery-events.js';
export { RocketmqExceptionFilter } from './rocketmq.exception-filter.js';

export { RocketmqClientProxy } from './rocketmq.client.js';
export { RocketmqRecordBuilder } from './rocketmq.record.js';

export { RocketmqHealthIndicator, type RocketmqHealthOptions } from './health.js';
export { currentTraceHeaders } from './trace-context.js';

export {
  InvalidMessageError,
  MessageRefusedError,
  MessagingConfigurationError,
  MessagingError,
  NoHandlerError,
  NotConnectedError,
  PublishAllNotConfirmedError,
  PublishNotConfirmedError,
  RequestReplyUnsupportedError,
  UnreadablePayloadError,
  type RefusalReason,
} from './errors.js';

export { ROCKETMQ_DRIVER } from './driver.js';
