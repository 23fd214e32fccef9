import {
  createResponse,
  decodeMessage,
  parseJson,
  isJsonObject,
  RequestCode,
  requestCodeName,
  ResponseCode,
  writeJsonBody,
  writeMessageQueue,
} from '@rocketshop/mq-protocol';
import type { JsonValue, Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { Logger } from '../logger.js';
import type { MessageQueue } from '../message.js';
import type { AdminOperations, Members } from './members.js';

type Answer = RemotingCommand | undefined;
type Handler = (command: RemotingCommand, peer: Peer) => Answer | Promise<Answer>;

/** An answer to an administrator. Its body may have message queues as object keys, as fastjson writes them. */
const success = (command: RemotingCommand, body: object): RemotingCommand =>
  createResponse(command, ResponseCode.SUCCESS, { body: writeJsonBody(body) });

/**
 * Handles what a broker asks of a client: one handler for each request code. The handler of a oneway request answers
 * undefined. Source: client/impl/ClientRemotingProcessor.java.
 */
export class ServerRequests {
  private readonly handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
    [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (command) => this.notifyConsumerIdsChanged(command)],
    [RequestCode.RESET_CONSUMER_CLIENT_OFFSET, (command) => this.resetOffset(command)],
    [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, (command) => this.consumerStatus(command)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (command) => this.runningInfo(command)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, (command) => this.consumeDirectly(command)],
  ]);

  constructor(
    private readonly members: Members,
    private readonly logger: Logger,
  ) {}

  handle(command: RemotingCommand, peer: Peer): Answer | Promise<Answer> {
    const handler = this.handlers.get(command.code);
    if (handler !== undefined) return handler(command, peer);
    this.logger.warn(
      `${peer.remoteHost}:${peer.remotePort} sent ${requestCodeName(command.code)}, which this client does not serve`,
    );
    return createResponse(command, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, {
      remark: ` request type ${command.code} not supported`,
    });
  }

  private notifyConsumerIdsChanged(command: RemotingCommand): Answer {
    const group = command.extFields?.['consumerGroup'] ?? '';
    this.logger.debug(`members of ${group} changed`);
    const consumer = this.members.consumers.get(group);
    if (consumer === undefined) for (const each of this.members.consumers.values()) each.rebalanceSoon();
    else consumer.rebalanceSoon();
    return undefined;
  }

  private async resetOffset(command: RemotingCommand): Promise<Answer> {
    const group = command.extFields?.['group'] ?? '';
    const offsets = readOffsetTable(command.body);
    this.logger.info(`an administrator resets ${offsets.size} offsets of ${group}`);
    await this.members.consumers.get(group)?.admin?.resetOffsets(offsets);
    return undefined;
  }

  private consumerStatus(command: RemotingCommand): Answer {
    return this.withConsumer(command, command.extFields?.['group'], (consumer) =>
      success(command, {
        messageQueueTable: byPlainQueue(consumer.consumeOffsets(command.extFields?.['topic'] ?? '')),
      }),
    );
  }

  private runningInfo(command: RemotingCommand): Answer {
    return this.withConsumer(command, command.extFields?.['consumerGroup'], (consumer) =>
      success(command, consumer.runningInfo()),
    );
  }

  private async consumeDirectly(command: RemotingCommand): Promise<Answer> {
    const { body } = command;
    if (body === undefined) return refuse(command, 'the request has no message');
    const startedAt = performance.now();
    const message = decodeMessage(body, 0, { inflate: true });
    let pending: ReturnType<AdminOperations['consumeDirectly']> | undefined;
    const refusal = this.withConsumer(command, command.extFields?.['consumerGroup'], (consumer) => {
      pending = consumer.consumeDirectly(message, command.extFields?.['brokerName'] ?? '');
      return undefined;
    });
    if (pending === undefined) return refusal;
    const outcome = await pending;
    const spentTimeMills = Math.round(performance.now() - startedAt);
    return success(command, { autoCommit: true, order: false, spentTimeMills, ...outcome });
  }

  private withConsumer(
    command: RemotingCommand,
    group: string | undefined,
    answer: (consumer: AdminOperations) => Answer,
  ): Answer {
    const admin = this.members.consumers.get(group ?? '')?.admin;
    return admin === undefined
      ? refuse(command, `the group ${group ?? ''} does not run in this client`)
      : answer(admin);
  }
}

const byPlainQueue = (offsets: ReadonlyMap<MessageQueue, number>): Map<object, number> =>
  new Map([...offsets].map(([queue, offset]) => [writeMessageQueue(queue), offset]));

const refuse = (command: RemotingCommand, remark: string): RemotingCommand =>
  createResponse(command, ResponseCode.SYSTEM_ERROR, { remark });

/**
 * `{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:12}}`. C++ clients get a list of flat objects in its
 * place.
 */
export function readOffsetTable(body: Buffer | undefined): Map<MessageQueue, number> {
  const offsets = new Map<MessageQueue, number>();
  const root = body === undefined ? null : parseJson(body);
  const table = isJsonObject(root) ? root['offsetTable'] : undefined;
  const add = (key: JsonValue | undefined, offset: JsonValue | undefined): void => {
    if (!isJsonObject(key) || typeof offset !== 'number') return;
    const { topic, brokerName, queueId } = key;
    if (typeof topic !== 'string' || typeof brokerName !== 'string' || typeof queueId !== 'number') return;
    offsets.set({ topic, brokerName, queueId }, offset);
  };
  if (table instanceof Map) for (const [key, offset] of table) add(key, offset);
  else if (Array.isArray(table)) for (const item of table) add(item, isJsonObject(item) ? item['offset'] : undefined);
  return offsets;
}
