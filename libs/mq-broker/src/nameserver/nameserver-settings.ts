/** What an operator may switch while the name server runs. Source: common/namesrv/NamesrvConfig.java. */
export interface NameServerSettings {
  /** Routes carry the order configuration of their topic. @default false */
  orderMessageEnable: boolean;
  /** Brokers get the order topics with the answer to their registration. @default true */
  returnOrderTopicConfigToBroker: boolean;
  /** GET_ALL_TOPIC_LIST_FROM_NAMESERVER is answered. @default true */
  enableAllTopicList: boolean;
  /** The other topic lists are answered. @default true */
  enableTopicList: boolean;
}

export const defaultNameServerSettings: Readonly<NameServerSettings> = {
  orderMessageEnable: false,
  returnOrderTopicConfigToBroker: true,
  enableAllTopicList: true,
  enableTopicList: true,
};

/**
 * Applies `key=value` lines sent over the network. Only the switches above are changed this way: paths, names and
 * commands never are (CVE-2023-37582 wrote any file by setting a path). Returns the first key that may not be changed
 * or whose value is no boolean; then nothing was changed.
 */
export function applySettings(
  settings: NameServerSettings,
  properties: ReadonlyMap<string, string>,
): string | undefined {
  const accepted: Partial<NameServerSettings> = {};
  for (const [key, value] of properties) {
    if (!Object.hasOwn(defaultNameServerSettings, key) || !/^(true|false)$/i.test(value)) return key;
    accepted[key as keyof NameServerSettings] = value.toLowerCase() === 'true';
  }
  Object.assign(settings, accepted);
  return undefined;
}
