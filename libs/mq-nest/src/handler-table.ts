import type { MessageHandler } from '@nestjs/microservices';
import type { RocketmqHandlerExtras } from './handler-extras.js';
import { isTopicName } from './message-encoder.js';
import { isGroupName } from './rocketmq.config.js';

/** The handlers of one topic in one group: at most one for each tag, and at most one for all other messages. */
interface TopicHandlers {
  readonly byTag: Map<string, MessageHandler>;
  rest: MessageHandler | undefined;
}

const ALL_TAGS = '*';

/**
 * Finds the one handler of a message: group -> topic -> tag -> handler. The group is the first key because RocketMQ
 * subscribes by group, and because one process may handle a topic in several groups. Two handlers for the same messages
 * of one group are refused: when one of them throws, the redelivery would run both.
 */
export class HandlerTable {
  private readonly groups = new Map<string, Map<string, TopicHandlers>>();
  readonly problems: string[] = [];

  constructor(private readonly defaultGroup: string | undefined) {}

  add(pattern: unknown, handler: MessageHandler, extras: RocketmqHandlerExtras): void {
    if (typeof pattern !== 'string' || !isTopicName(pattern)) {
      this.problems.push(`@EventPattern(${JSON.stringify(pattern)}): the pattern must be a topic name`);
      return;
    }
    const group = extras.group ?? this.defaultGroup;
    if (group === undefined) {
      this.problems.push(
        `@EventPattern('${pattern}') names no group and the server has none: add { group }, or name the transport if the handler belongs to another one`,
      );
      return;
    }
    if (!isGroupName(group)) {
      this.problems.push(`@EventPattern('${pattern}'): group "${group}" is not a group name`);
      return;
    }
    this.addTags(group, pattern, handler, extras.tag);
  }

  /** Group names, sorted. */
  groupNames(): string[] {
    return [...this.groups.keys()].sort();
  }

  /**
   * The topics of a group and their filter expressions. Topics and tags are sorted, because all members of a group must
   * send the broker the same text, in whatever order Nest found their handlers.
   */
  subscriptions(group: string): { topic: string; expression: string }[] {
    return [...(this.groups.get(group) ?? [])]
      .map(([topic, handlers]) => ({
        topic,
        expression: handlers.rest === undefined ? [...handlers.byTag.keys()].sort().join(' || ') : ALL_TAGS,
      }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  has(group: string, topic: string): boolean {
    return this.groups.get(group)?.has(topic) === true;
  }

  find(group: string, topic: string, tag: string | undefined): MessageHandler | undefined {
    const handlers = this.groups.get(group)?.get(topic);
    return (tag === undefined ? undefined : handlers?.byTag.get(tag)) ?? handlers?.rest;
  }

  private addTags(group: string, topic: string, handler: MessageHandler, expression: string | undefined): void {
    const handlers = this.topicHandlers(group, topic);
    const tags = (expression ?? ALL_TAGS).split('||').map((tag) => tag.trim());
    for (const tag of tags) {
      const taken = tag === ALL_TAGS ? handlers.rest !== undefined : handlers.byTag.has(tag);
      if (tag === '')
        this.problems.push(`@EventPattern('${topic}') in group ${group}: tag "${expression}" has an empty part`);
      else if (taken)
        this.problems.push(
          `two handlers for topic '${topic}'${tag === ALL_TAGS ? '' : `, tag '${tag}'`} in group ${group}: when one of them fails, the redelivery would run both; give each its own group`,
        );
      else if (tag === ALL_TAGS) handlers.rest = handler;
      else handlers.byTag.set(tag, handler);
    }
  }

  private topicHandlers(group: string, topic: string): TopicHandlers {
    let topics = this.groups.get(group);
    if (topics === undefined) this.groups.set(group, (topics = new Map<string, TopicHandlers>()));
    let handlers = topics.get(topic);
    if (handlers === undefined) topics.set(topic, (handlers = { byTag: new Map(), rest: undefined }));
    return handlers;
  }
}
