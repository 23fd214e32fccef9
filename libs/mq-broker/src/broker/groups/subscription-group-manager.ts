import {
  GroupName,
  isSystemGroup,
  isValidGroupName,
  newDataVersion,
  newSubscriptionGroupConfig,
  nextDataVersion,
  subscriptionGroupTableBody,
} from '@rocketshop/mq-protocol';
import type { DataVersion, SubscriptionGroupConfig, SubscriptionGroupTable } from '@rocketshop/mq-protocol';
import type { BrokerConfig } from '../broker.config.js';
import { DeferredSave } from '../../config/index.js';
import type { ConfigStorage } from '../../config/index.js';
import { checkGroupTable } from '../table-checks.js';

export interface SubscriptionGroupManagerOptions {
  /** `autoCreateSubscriptionGroup` is read on each use, because an administrator may switch it while the broker runs. */
  config: Pick<BrokerConfig, 'autoCreateSubscriptionGroup' | 'limits'>;
  storage: ConfigStorage;
  clock: { now(): number };
  /** Called when a background save failed. The next change tries again. */
  onSaveError?: (error: unknown) => void;
}

/** The groups that every broker has. Source: SubscriptionGroupManager.init. */
const INITIAL_GROUPS = Object.values(GroupName).filter(isSystemGroup);

/**
 * The consumer groups this broker knows: `subscriptionGroup.json` in RocketMQ's shape.
 *
 * Source: broker/subscription/SubscriptionGroupManager.java.
 */
export class SubscriptionGroupManager {
  private readonly table = new Map<string, SubscriptionGroupConfig>();
  private readonly clock: { now(): number };
  private readonly config: SubscriptionGroupManagerOptions['config'];
  private readonly saving: DeferredSave;
  private version: DataVersion;

  private constructor(options: SubscriptionGroupManagerOptions) {
    this.clock = options.clock;
    this.config = options.config;
    this.version = newDataVersion(this.clock.now());
    this.saving = new DeferredSave(options.storage, () => this.encode(), options.onSaveError ?? (() => {}));
  }

  /** Reads the saved table and adds the system groups. Throws what the storage throws, and BodyError on unreadable text. */
  static async load(options: SubscriptionGroupManagerOptions): Promise<SubscriptionGroupManager> {
    const manager = new SubscriptionGroupManager(options);
    const text = await options.storage.load(checkGroupTable);
    if (text !== undefined) manager.decode(text);
    const missing = INITIAL_GROUPS.filter((group) => !manager.table.has(group));
    for (const group of missing) manager.table.set(group, newSubscriptionGroupConfig(group));
    if (missing.length > 0) manager.changed();
    return manager;
  }

  get dataVersion(): DataVersion {
    return { ...this.version };
  }

  get size(): number {
    return this.table.size;
  }

  get(group: string): SubscriptionGroupConfig | undefined {
    return this.table.get(group);
  }

  entries(): Iterable<SubscriptionGroupConfig> {
    return this.table.values();
  }

  /**
   * Returns a group, and creates it when that is allowed; system groups are always allowed. Undefined means: not allowed,
   * an illegal name, or too many groups. The caller answers SUBSCRIPTION_GROUP_NOT_EXIST.
   */
  findOrCreate(group: string): SubscriptionGroupConfig | undefined {
    const existing = this.table.get(group);
    if (existing !== undefined) return existing;
    if (!this.config.autoCreateSubscriptionGroup && !isSystemGroup(group)) return undefined;
    if (!isValidGroupName(group) || this.table.size >= this.config.limits.groupsMax) return undefined;
    const config = newSubscriptionGroupConfig(group);
    this.table.set(group, config);
    this.changed();
    return config;
  }

  /**
   * Creates or replaces a group on an administrator's request. Returns false when nothing changes. The caller has
   * validated the name. Throws GroupLimitError when there are too many groups.
   */
  update(config: SubscriptionGroupConfig): boolean {
    const existing = this.table.get(config.groupName);
    if (existing !== undefined && JSON.stringify(existing) === JSON.stringify(config)) return false;
    if (existing === undefined && this.table.size >= this.config.limits.groupsMax)
      throw new GroupLimitError(this.config.limits.groupsMax);
    this.table.set(config.groupName, config);
    this.changed();
    return true;
  }

  /** Removes a group. Returns false when there was none. */
  delete(group: string): boolean {
    if (!this.table.delete(group)) return false;
    this.changed();
    return true;
  }

  /** The table in the form of the answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG. */
  toTable(): SubscriptionGroupTable {
    return { dataVersion: this.dataVersion, subscriptionGroupTable: this.table };
  }

  /** Resolves when every change made so far is saved. */
  saved(): Promise<void> {
    return this.saving.settled();
  }

  /** Saves the changes that are not saved yet. */
  close(): Promise<void> {
    return this.saved();
  }

  private changed(): void {
    this.version = nextDataVersion(this.version, this.clock.now());
    this.saving.request();
  }

  private encode(): string {
    return subscriptionGroupTableBody.encode(this.toTable()).toString('utf8');
  }

  private decode(text: string): void {
    const { dataVersion, subscriptionGroupTable } = subscriptionGroupTableBody.decode(text);
    this.version = dataVersion;
    for (const [group, config] of subscriptionGroupTable) {
      if (isValidGroupName(group)) this.table.set(group, { ...config, groupName: group });
    }
  }
}

/** Thrown when one more group would exceed the broker's limit. */
class GroupLimitError extends Error {
  readonly code = 'GROUP_LIMIT';
  readonly retriable = false;

  constructor(readonly groupsMax: number) {
    super(`this broker already has ${groupsMax} subscription groups`);
    this.name = 'GroupLimitError';
  }
}
