import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What the clients saw, one entry for each call: `ok` was acknowledged, `info` was not and may or may not be stored.
 */
export interface SendEntry {
  kind: 'send';
  outcome: 'ok' | 'info';
  round: number;
  producer: number;
  /** Per producer, rising over all rounds. */
  sequence: number;
  queueId: number;
  /** Of the body. */
  digest: string;
  /** Where the broker says it is; only of an `ok`. */
  queueOffset?: number;
}

export interface CommitEntry {
  kind: 'commit';
  outcome: 'ok' | 'info';
  round: number;
  queueId: number;
  offset: number;
}

/** What a query after a restart answered; -1 for nothing. */
export interface QueryEntry {
  kind: 'query';
  round: number;
  queueId: number;
  offset: number;
}

export type HistoryEntry = SendEntry | CommitEntry | QueryEntry;

/** A message as it was read back. */
export interface ReadMessage {
  queueId: number;
  queueOffset: number;
  producer: number;
  sequence: number;
  digest: string;
}

export function digestOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('base64url');
}

/** Entries in memory for the checkers, and one JSON line each in a file for people. */
export class History {
  readonly entries: HistoryEntry[] = [];
  private lines: string[] = [];

  constructor(private readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
  }

  add(entry: HistoryEntry): void {
    this.entries.push(entry);
    this.lines.push(JSON.stringify(entry));
    if (this.lines.length >= 10_000) this.save();
  }

  save(): void {
    if (this.lines.length === 0) return;
    appendFileSync(this.path, `${this.lines.join('\n')}\n`);
    this.lines = [];
  }
}
