import { BodyError, JsonReader, RequestRefusedError, ResponseCode } from '@rocketshop/mq-protocol';
import type { ConfigStorage } from '../config/index.js';
import type { Logger } from '../logger.js';
import type { BrokerConfig } from './broker.config.js';

const flag = (text: string): boolean | undefined =>
  /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
const permission = (text: string): number | undefined => (/^[0246]$/.test(text) ? Number(text) : undefined);

/**
 * The settings that a request may change: switches that are read on each use and that do no lasting harm. A path, a name, a
 * command or an address is never changed: CVE-2023-33246 ran commands by setting a path.
 */
const CHANGEABLE = {
  autoCreateTopicEnable: flag,
  autoCreateSubscriptionGroup: flag,
  brokerPermission: permission,
} satisfies { [Key in keyof BrokerConfig]?: (text: string) => BrokerConfig[Key] | undefined };

/** The file's name in the store's folder `config`. */
export const SAVED_SETTINGS_FILE = 'brokerConfig.json';

interface SavedSettingsOptions {
  /** What is saved is set here, over what the process was started with. */
  config: BrokerConfig;
  storage: ConfigStorage;
  log: Logger;
}

/**
 * The settings that an administrator has changed by UPDATE_BROKER_CONFIG. They are kept over a restart, and count more than the
 * settings of the process: `mqadmin` was used later. Whoever wants the process's settings back deletes the file.
 */
export class SavedSettings {
  private readonly values = new Map<string, string>();

  private constructor(private readonly options: SavedSettingsOptions) {}

  static async load(options: SavedSettingsOptions): Promise<SavedSettings> {
    const settings = new SavedSettings(options);
    const saved = JSON.parse((await options.storage.load(checkSettings)) ?? '{}') as Record<string, unknown>;
    for (const [name, value] of Object.entries(saved)) {
      const text = String(value);
      if (readSetting(name, text) === undefined) {
        options.log('warn', `${SAVED_SETTINGS_FILE} has a setting that is not taken`, { name, value: text });
      } else settings.values.set(name, text);
    }
    settings.apply();
    if (settings.values.size > 0) {
      options.log('info', 'settings that an administrator changed are kept', {
        file: SAVED_SETTINGS_FILE,
        ...Object.fromEntries(settings.values),
      });
    }
    return settings;
  }

  /**
   * Changes all of the settings or none, and resolves when they outlive the process.
   * @throws RequestRefusedError when one may not be changed, or has a bad value
   */
  async update(changes: ReadonlyMap<string, string>): Promise<void> {
    for (const [name, text] of changes) {
      if (!Object.hasOwn(CHANGEABLE, name)) {
        throw new RequestRefusedError(ResponseCode.NO_PERMISSION, `Can not update config in black list: ${name}`);
      }
      if (readSetting(name, text) === undefined) {
        throw new RequestRefusedError(ResponseCode.INVALID_PARAMETER, `bad value of ${name}`);
      }
    }
    for (const [name, text] of changes) this.values.set(name, text);
    await this.options.storage.save(JSON.stringify(Object.fromEntries(this.values), undefined, 2));
    this.apply();
  }

  private apply(): void {
    const values = [...this.values].map(([name, text]) => [name, readSetting(name, text)]);
    Object.assign(this.options.config, Object.fromEntries(values));
  }
}

/** Throws when the text is no table of settings. */
function checkSettings(text: string): void {
  const reader = JsonReader.parse(text, SAVED_SETTINGS_FILE);
  for (const [name, value] of Object.entries(reader.self)) {
    if (typeof value !== 'string') throw new BodyError(`${name} is no text`);
  }
}

function readSetting(name: string, text: string): boolean | number | undefined {
  return Object.hasOwn(CHANGEABLE, name) ? CHANGEABLE[name as keyof typeof CHANGEABLE](text) : undefined;
}
