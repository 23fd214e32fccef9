/** For `@EventPattern(topic, ROCKETMQ_TRANSPORT, extras)` in an application that listens on several transports. */
export const ROCKETMQ_TRANSPORT = Symbol('RocketMQ');

/** Second argument of `@EventPattern(topic, extras)`. */
export interface RocketmqHandlerExtras {
  /** Consumer group; each group gets every message once. Default: the server's own group. */
  readonly group?: string;
  /** One tag, or several as `A || B`. Default: all messages that no other handler of the group takes. */
  readonly tag?: string;
}

/** What `status` of server and client proxy emits. */
export type RocketmqStatus = 'connecting' | 'connected' | 'draining' | 'closed';
