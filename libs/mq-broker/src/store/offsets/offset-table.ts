export interface ConsumerOffset {
  group: string;
  topic: string;
  queueId: number;
  offset: number;
}

/** Offsets by queue of one group in one topic. */
interface Progress {
  readonly group: string;
  readonly topic: string;
  readonly queues: Map<number, number>;
}

/**
 * The committed offsets in memory. The keys are RocketMQ's, `topic@group`. Two indexes keep a question about one group or one topic
 * from walking through the offsets of all: with 80,000 of them that took the event loop for seconds.
 */
export class OffsetTable {
  private readonly table = new Map<string, Progress>();
  private readonly keysByGroup = new Map<string, Set<string>>();
  private readonly keysByTopic = new Map<string, Set<string>>();

  /** Keys, each for one group in one topic. */
  get size(): number {
    return this.table.size;
  }

  get(key: string): ReadonlyMap<number, number> | undefined {
    return this.table.get(key)?.queues;
  }

  set(key: string, queueId: number, offset: number): void {
    const known = this.table.get(key);
    if (known) {
      known.queues.set(queueId, offset);
      return;
    }
    const { topic, group } = splitKey(key);
    this.table.set(key, { topic, group, queues: new Map([[queueId, offset]]) });
    addTo(this.keysByGroup, group, key);
    addTo(this.keysByTopic, topic, key);
  }

  delete(key: string): void {
    const known = this.table.get(key);
    if (!known) return;
    this.table.delete(key);
    removeFrom(this.keysByGroup, known.group, key);
    removeFrom(this.keysByTopic, known.topic, key);
  }

  keysOfGroup(group: string): string[] {
    return [...(this.keysByGroup.get(group) ?? [])];
  }

  keysOfTopic(topic: string): string[] {
    return [...(this.keysByTopic.get(topic) ?? [])];
  }

  topicsOf(group: string): string[] {
    return this.keysOfGroup(group).map((key) => splitKey(key).topic);
  }

  groupsOf(topic: string): string[] {
    return this.keysOfTopic(topic).map((key) => splitKey(key).group);
  }

  *entries(): IterableIterator<ConsumerOffset> {
    for (const { group, topic, queues } of this.table.values()) {
      for (const [queueId, offset] of queues) yield { group, topic, queueId, offset };
    }
  }

  /** `consumerOffset.json` as RocketMQ writes it. */
  toJson(): Record<string, Record<string, number>> {
    return Object.fromEntries([...this.table].map(([key, { queues }]) => [key, Object.fromEntries(queues)]));
  }
}

/** Neither name holds an `@` (valid names are `^[%|a-zA-Z0-9_-]+$`). */
function splitKey(key: string): { topic: string; group: string } {
  const at = key.indexOf('@');
  return { topic: key.slice(0, at), group: key.slice(at + 1) };
}

function addTo(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys) keys.add(key);
  else index.set(name, new Set([key]));
}

function removeFrom(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(name);
}
