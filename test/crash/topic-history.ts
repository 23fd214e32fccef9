/** A message of a topic that is deleted and made again. */
export interface TopicSend {
  readonly text: string;
  readonly queueId: number;
  /** The deletions that were requested before the send. */
  readonly startedIn: number;
  /** The deletions that were requested before its answer; undefined without an answer. */
  readonly answeredIn: number | undefined;
  readonly queueOffset: number;
}

export interface TopicRead {
  readonly text: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

export interface TopicHistory {
  readonly sends: readonly TopicSend[];
  /** The deletions that were requested, and those that were answered. */
  readonly requested: number;
  readonly answered: number;
}

/** D (deletions): nothing of before an answered deletion is there, and everything that was acknowledged after the last one is. */
export function checkDeletions({ sends, requested, answered }: TopicHistory, read: readonly TopicRead[]): string[] {
  const violations: string[] = [];
  const sent = new Map(sends.map((one) => [one.text, one]));
  const seen = new Set<string>();
  for (const { text, queueId, queueOffset } of read) {
    const one = sent.get(text);
    if (one === undefined) violations.push(`invented: ${text}`);
    else if (one.answeredIn !== undefined && one.answeredIn < answered) violations.push(`came back: ${text}`);
    if (seen.has(text)) violations.push(`stored twice: ${text}, again at ${queueId}@${queueOffset}`);
    seen.add(text);
  }
  const at = new Set(read.map(({ text, queueId, queueOffset }) => `${queueId}@${queueOffset} ${text}`));
  for (const { text, queueId, startedIn, answeredIn, queueOffset } of sends) {
    const isAfterAllDeletions = answeredIn !== undefined && startedIn === requested;
    if (isAfterAllDeletions && !at.has(`${queueId}@${queueOffset} ${text}`)) {
      violations.push(`lost: ${text} acknowledged at ${queueId}@${queueOffset} after the last deletion`);
    }
  }
  return [...violations, ...gapsIn(read)];
}

function gapsIn(read: readonly TopicRead[]): string[] {
  const next = new Map<number, number>();
  const violations: string[] = [];
  for (const { queueId, queueOffset } of read) {
    const expected = next.get(queueId) ?? 0;
    if (queueOffset !== expected) violations.push(`gap: queue ${queueId} has ${queueOffset} where ${expected} belongs`);
    next.set(queueId, queueOffset + 1);
  }
  return violations;
}
