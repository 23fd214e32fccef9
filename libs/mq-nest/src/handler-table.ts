import type { MessageHandler } from '@nestjs/microservices';
import type { RocketmqHandlerExtras } from './handler-extras.js';
import { isTopicName } from './message-encoder.js';
import { isGroupName } from './rocketmq.config.js';

/** The handlers of one topic in one group: at most one for each tag, and at most one for the rest. */
interface TopicHandlers {
  readonly byTag: Map<string, MessageHandler>;
  rest: MessageHandler | undefined;
}

const ALL_TAGS = '*';

/**
 * Who handles what: group -> topic -> tag -> one handler. RocketMQ subscribes by group, so that is the first key, and one
 * topic may be handled in several groups of one process. Two handlers for the same messages are refused: where one of
 * them throws, the retry would run both.
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
        `@EventPattern('${pattern}') names no group and the server has none: add { group }, or name its transport if it belongs to another`,
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
   * Topics of a group with their filter expression, sorted, tags too: all members of a group must send the broker the same
   * text, whatever order their handlers were found in.
   */
  subscriptions(group: string): { topic: string; expression: string }[] {
    return [...(this.groups.get(group) ?? [])]
      .map(([topic, handlers]) => ({
        topic,
        expression: handlers.rest === undefined ? [...handlers.byTag.keys()].sort().join(' || ') : ALL_TAGS,
      }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
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
          `two handlers for topic '${topic}'${tag === ALL_TAGS ? '' : `, tag '${tag}'`} in group ${group}: a retry after one failed would run both; give them groups of their own`,
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
