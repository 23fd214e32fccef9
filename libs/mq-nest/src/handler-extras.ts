/** The transport of `@EventPattern(topic, ROCKETMQ_TRANSPORT, extras)` in an application with several transports. */
export const ROCKETMQ_TRANSPORT = Symbol('RocketMQ');

/** The extras of `@EventPattern(topic, extras)`. */
export interface RocketmqHandlerExtras {
  /** Consumer group. Each group gets every message once. @default the group of the server's options */
  readonly group?: string;
  /** One tag, or several as `A || B`. @default all messages that no other handler of the group takes by tag */
  readonly tag?: string;
}

/** Values of `status` of server and client proxy. */
export type RocketmqStatus = 'connecting' | 'connected' | 'draining' | 'closed';
