import type { StartBrokerOptions } from '@rocketshop/mq-broker';
import { configField, internalFields, loadConfig, LOG_LEVELS } from '@rocketshop/service-defaults/config';
import type { ConfigOf } from '@rocketshop/service-defaults/config';

/** Every variable of the broker process: RocketMQ's property in capitals, its default, and why one would set it. */
const brokerFields = {
  namesrvAddr: configField.text({
    default: '127.0.0.1:9876',
    pattern: /^[^\s:;]+:\d{1,5}(;[^\s:;]+:\d{1,5})*$/,
    shape: 'host:port;host:port',
    reason: 'name servers this broker registers with',
  }),
  brokerClusterName: configField.text({ default: 'DefaultCluster', reason: 'cluster as tools list it' }),
  brokerName: configField.text({ default: 'broker-a', reason: 'a master and its slaves share it' }),
  bindAddress: configField.text({
    default: '127.0.0.1',
    reason: 'address to listen on; the protocol has no authentication, so others reach it only when told so',
  }),
  ...internalFields(5020),
  logLevel: configField.oneOf(LOG_LEVELS, { default: 'info', reason: 'least severe level that is written' }),
  brokerIP1: configField.optional(
    configField.text({ variable: 'BROKER_IP1', reason: 'address told to clients where it is not the one listened on' }),
  ),
  brokerListenPort: configField.port({ default: 10_911, reason: 'port for clients; 0 takes any free one' }),
  flushDiskType: configField.oneOf(['ASYNC_FLUSH', 'SYNC_FLUSH'], {
    default: 'ASYNC_FLUSH',
    reason: 'SYNC_FLUSH acknowledges what survives a power cut, ASYNC_FLUSH what survives a killed process',
  }),
  storeDir: configField.text({ default: 'data/broker', reason: 'folder of log, queues and tables' }),
  timeScale: configField.factor({
    default: 1,
    min: 0.01,
    reason: 'delay levels pass this many times faster: for tests',
  }),
  autoCreateTopicEnable: configField.boolean({ default: true, reason: 'a send to an unknown topic creates it' }),
  autoCreateSubscriptionGroup: configField.boolean({ default: true, reason: 'an unknown consumer group is created' }),
  messageDelayLevel: configField.optional(configField.text({ reason: 'ladder of delay levels, as in 1s 5s 10s' })),
  maxMessageSize: configField.integer({ default: 4 * 1024 * 1024, min: 1, reason: 'largest body, bytes' }),
  fileReservedTime: configField.integer({ default: 72, min: 1, reason: 'hours a log file is kept' }),
  deleteWhen: configField.text({ default: '04', reason: 'hours of the day in which expired files are deleted' }),
  diskMaxUsedSpaceRatio: configField.integer({
    default: 75,
    min: 10,
    max: 95,
    reason: 'percent of the disk from which expired files are deleted at any hour',
  }),
  mappedFileSizeCommitLog: configField.integer({
    default: 1024 * 1024 * 1024,
    min: 64 * 1024,
    reason: 'size of a log file, bytes',
  }),
};

export type BrokerProcessConfig = ConfigOf<typeof brokerFields>;

/** @throws ConfigurationError naming every wrong variable */
export function loadBrokerConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): BrokerProcessConfig {
  return loadConfig(brokerFields, environment);
}

/** The options `startBroker` takes. */
export function brokerOptions(config: BrokerProcessConfig): StartBrokerOptions {
  const { brokerListenPort, storeDir, brokerIP1, messageDelayLevel, ...others } = config;
  const { internalPort: _port, internalBindAddress: _address, logLevel: _level, ...rest } = others;
  return {
    ...rest,
    ...(brokerIP1 === undefined ? {} : { brokerIP1 }),
    ...(messageDelayLevel === undefined ? {} : { messageDelayLevel }),
    listenPort: brokerListenPort,
    storePathRootDir: storeDir,
  };
}
