import { isIP } from 'node:net';
import { isAnyAddress, localIpv4, MESSAGE_BODY_BYTES_CEILING, MESSAGE_BODY_BYTES_MAX } from '@rocketshop/mq-protocol';
import { BrokerConfigError } from './broker.errors.js';
import { DelayLevels } from './delay/delay-levels.js';

/**
 * Settings of one broker. The names are RocketMQ's (`BrokerConfig`, `MessageStoreConfig`, `NettyServerConfig`); units are in
 * RocketMQ's documentation and repeated here.
 */
export interface BrokerConfig {
  /** @default 'DefaultCluster' */
  brokerClusterName: string;
  /** @default 'broker-a' */
  brokerName: string;
  /** 0 is the master. @default 0 */
  brokerId: number;
  /** Address to bind. @default '127.0.0.1' (loopback: the protocol has no authentication yet) */
  bindAddress: string;
  /** The address that clients are told, and that every record contains. @default bindAddress, or the first outer address if that is 0.0.0.0 */
  brokerIP1: string;
  /** 0 takes any free port. @default 10911 */
  listenPort: number;
  /** `host:port;host:port`. @default '' (none) */
  namesrvAddr: string;
  /** @default 'ASYNC_FLUSH' */
  flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  /** After this time a SYNC_FLUSH answer says FLUSH_DISK_TIMEOUT, ms. @default 5000 */
  syncFlushTimeout: number;
  /** Hours a log file is kept. @default 72 */
  fileReservedTime: number;
  /** Hours of the day, `;`-separated, in which expired files are deleted. @default '04' */
  deleteWhen: string;
  /** Percent of the disk. Above it, expired files are deleted at any hour. @default 75 */
  diskMaxUsedSpaceRatio: number;
  /** @default true */
  autoCreateTopicEnable: boolean;
  /** @default true */
  autoCreateSubscriptionGroup: boolean;
  /** Queues of TBW102: an auto-created topic gets at most as many. @default 8 */
  defaultTopicQueueNums: number;
  /** @default '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h' */
  messageDelayLevel: string;
  /** Bytes of a message body, at most 8388608. A store holds bodies of that size at any time, whatever is set. @default 4194304 */
  maxMessageSize: number;
  /** Bits 4 (read) and 2 (write) of the whole broker. @default 6 */
  brokerPermission: number;
  /** @default 'DefaultRegion' */
  regionId: string;
  /** Echoed to clients as TRACE_ON. @default true */
  traceOn: boolean;
  /** @default true */
  longPollingEnable: boolean;
  /** ms between registrations, 10000 to 60000. @default 30000 */
  registerNameServerPeriod: number;
  /** A client without a heartbeat for this time is dropped, ms. @default 120000 */
  channelExpiredTimeout: number;
  /** A queue lock that is not renewed for this time is free, ms. @default 60000 */
  rebalanceLockMaxLiveTime: number;
  /** Bytes of one log file. @default 1073741824 */
  mappedFileSizeCommitLog: number;
  /** Delays are divided by this number. Tests let an hour pass in a second. @default 1 */
  timeScale: number;
  /** The maximum of everything that a client can make this broker keep. */
  limits: BrokerLimits;
}

export interface BrokerLimits {
  /** Sends whose answer waits for the disk. With messages of 4 KiB, 65,536 of them are 256 MiB. @default 65536 */
  pendingAcksMax: number;
  /** Held pulls of the whole broker. @default 100000 */
  heldPullsMax: number;
  /** Held pulls of one connection. A consumer holds one for each queue. @default 4096 */
  heldPullsPerPeerMax: number;
  /** @default 10000 */
  topicsMax: number;
  /** @default 10000 */
  groupsMax: number;
  /** @default 10000 */
  connectionsMax: number;
}

const defaultBrokerLimits: Readonly<BrokerLimits> = {
  pendingAcksMax: 65_536,
  heldPullsMax: 100_000,
  heldPullsPerPeerMax: 4_096,
  topicsMax: 10_000,
  groupsMax: 10_000,
  connectionsMax: 10_000,
};

const defaultBrokerConfig: Readonly<Omit<BrokerConfig, 'brokerIP1'>> = {
  brokerClusterName: 'DefaultCluster',
  brokerName: 'broker-a',
  brokerId: 0,
  bindAddress: '127.0.0.1',
  listenPort: 10_911,
  namesrvAddr: '',
  flushDiskType: 'ASYNC_FLUSH',
  syncFlushTimeout: 5_000,
  fileReservedTime: 72,
  deleteWhen: '04',
  diskMaxUsedSpaceRatio: 75,
  autoCreateTopicEnable: true,
  autoCreateSubscriptionGroup: true,
  defaultTopicQueueNums: 8,
  messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
  maxMessageSize: MESSAGE_BODY_BYTES_MAX,
  brokerPermission: 6,
  regionId: 'DefaultRegion',
  traceOn: true,
  longPollingEnable: true,
  registerNameServerPeriod: 30_000,
  channelExpiredTimeout: 120_000,
  rebalanceLockMaxLiveTime: 60_000,
  mappedFileSizeCommitLog: 1024 * 1024 * 1024,
  timeScale: 1,
  limits: defaultBrokerLimits,
};

export type BrokerConfigInput = Partial<Omit<BrokerConfig, 'limits'>> & { limits?: Partial<BrokerLimits> };

/** Fills in the defaults. @throws BrokerConfigError naming every wrong setting */
export function resolveBrokerConfig(input: BrokerConfigInput): BrokerConfig {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const config: BrokerConfig = {
    ...defaultBrokerConfig,
    brokerIP1: advertisedAddress(input.bindAddress ?? defaultBrokerConfig.bindAddress),
    ...given,
    limits: { ...defaultBrokerLimits, ...input.limits },
  };
  const problems = problemsOf(config);
  if (problems.length > 0) throw new BrokerConfigError(problems);
  return config;
}

/** `host:port;host:port` as a list. */
export function nameServersOf(namesrvAddr: string): string[] {
  return namesrvAddr
    .split(';')
    .map((address) => address.trim())
    .filter((address) => address !== '');
}

function advertisedAddress(bindAddress: string): string {
  return isAnyAddress(bindAddress) ? localIpv4() : bindAddress;
}

const NAME_PATTERN = /^[a-zA-Z0-9_-]{1,100}$/;
const ADDRESS_PATTERN = /^[^\s:;]+:\d{1,5}$/;
const PORT_MAX = 65_535;

/** The legal range of each number: [name, smallest, largest]. */
const ranges: readonly (readonly [keyof BrokerConfig, number, number])[] = [
  ['brokerId', 0, 1_000_000],
  ['listenPort', 0, PORT_MAX],
  ['syncFlushTimeout', 1, 600_000],
  ['fileReservedTime', 1, 24 * 365 * 10],
  ['diskMaxUsedSpaceRatio', 10, 95],
  ['defaultTopicQueueNums', 1, 1_024],
  ['maxMessageSize', 1, MESSAGE_BODY_BYTES_CEILING],
  ['brokerPermission', 0, 7],
  ['registerNameServerPeriod', 10_000, 60_000],
  ['channelExpiredTimeout', 1_000, 3_600_000],
  ['rebalanceLockMaxLiveTime', 1_000, 3_600_000],
  ['mappedFileSizeCommitLog', 64 * 1024, 4 * 1024 * 1024 * 1024],
];

function problemsOf(config: BrokerConfig): string[] {
  const problems = ranges.flatMap(([name, least, most]) => {
    const value = config[name];
    const isRight = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    return isRight ? [] : [`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`];
  });
  for (const name of ['brokerClusterName', 'brokerName'] as const) {
    if (!NAME_PATTERN.test(config[name]))
      problems.push(`${name} may only have letters, digits, _ and -, not "${config[name]}"`);
  }
  if (!['ASYNC_FLUSH', 'SYNC_FLUSH'].includes(config.flushDiskType)) {
    problems.push(`flushDiskType must be ASYNC_FLUSH or SYNC_FLUSH, not "${String(config.flushDiskType)}"`);
  }
  if (isIP(config.brokerIP1) === 0) problems.push(`brokerIP1 must be an IP address, not "${config.brokerIP1}"`);
  for (const address of nameServersOf(config.namesrvAddr)) {
    if (!ADDRESS_PATTERN.test(address)) problems.push(`namesrvAddr must be host:port;host:port, not "${address}"`);
  }
  if (!(config.timeScale > 0 && Number.isFinite(config.timeScale)))
    problems.push(`timeScale must be above 0, not ${config.timeScale}`);
  for (const [name, value] of Object.entries(config.limits)) {
    if (!(Number.isInteger(value) && value > 0)) problems.push(`limits.${name} must be a whole number above 0`);
  }
  return [...problems, ...delayLevelProblems(config.messageDelayLevel)];
}

function delayLevelProblems(messageDelayLevel: string): string[] {
  try {
    return new DelayLevels(messageDelayLevel).levelMax > 0 ? [] : ['messageDelayLevel is empty'];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
