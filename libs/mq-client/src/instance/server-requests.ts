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
  type JsonValue,
  type Peer,
  type RemotingCommand,
} from '@rocketshop/mq-protocol';
import type { MessageQueue } from '../message.js';
import type { ClientInstance } from './client-instance.js';
import type { AdminOperations } from './members.js';

type Answer = RemotingCommand | undefined;
type Handler = (command: RemotingCommand, peer: Peer) => Answer | Promise<Answer>;

/** Bodies of answers to administrators; queues as object keys stand as fastjson writes them. */
const success = (command: RemotingCommand, body: object): RemotingCommand =>
  createResponse(command, ResponseCode.SUCCESS, { body: writeJsonBody(body) });

/**
 * What a broker asks of a client, one handler a code. Oneway requests answer undefined.
 * Source: client/impl/ClientRemotingProcessor.java.
 */
export class ServerRequests {
  private readonly handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
    [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, (command) => this.notifyConsumerIdsChanged(command)],
    [RequestCode.RESET_CONSUMER_CLIENT_OFFSET, (command) => this.resetOffset(command)],
    [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, (command) => this.consumerStatus(command)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (command) => this.runningInfo(command)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, (command) => this.consumeDirectly(command)],
  ]);

  constructor(private readonly instance: ClientInstance) {}

  handle(command: RemotingCommand, peer: Peer): Answer | Promise<Answer> {
    const handler = this.handlers.get(command.code);
    if (handler !== undefined) return handler(command, peer);
    this.instance.logger.warn(
      `${peer.remoteHost}:${peer.remotePort} asks ${requestCodeName(command.code)}, not served`,
    );
    return createResponse(command, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, {
      remark: ` request type ${command.code} not supported`,
    });
  }

  private notifyConsumerIdsChanged(command: RemotingCommand): Answer {
    const group = command.extFields?.['consumerGroup'] ?? '';
    this.instance.logger.debug(`members of ${group} changed`);
    const consumer = this.instance.consumers.get(group);
    if (consumer === undefined) for (const any of this.instance.consumers.values()) any.rebalanceSoon();
    else consumer.rebalanceSoon();
    return undefined;
  }

  private async resetOffset(command: RemotingCommand): Promise<Answer> {
    const group = command.extFields?.['group'] ?? '';
    const offsets = readOffsetTable(command.body);
    this.instance.logger.info(`${offsets.size} offsets of ${group} are reset by an administrator`);
    await this.instance.consumers.get(group)?.admin?.resetOffsets(offsets);
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
    const admin = this.instance.consumers.get(group ?? '')?.admin;
    return admin === undefined
      ? refuse(command, `the group ${group ?? ''} does not run in this client`)
      : answer(admin);
  }
}

const byPlainQueue = (offsets: ReadonlyMap<MessageQueue, number>): Map<object, number> =>
  new Map([...offsets].map(([queue, offset]) => [writeMessageQueue(queue), offset]));

const refuse = (command: RemotingCommand, remark: string): RemotingCommand =>
  createResponse(command, ResponseCode.SYSTEM_ERROR, { remark });

/** `{"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:12}}`; C++ clients get a list of flat objects instead. */
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
