import type { ConfigStorage } from './config/index.js';
import type { Logger } from './logger.js';
import { ConfigFile, NodeDisk } from './store/index.js';
import type { Disk } from './store/index.js';

export interface ConfigFileStorageOptions {
  /** @default the machine's */
  disk?: Disk;
  /** The file was written before: the log says when it is missing. @default false */
  isExpected?: boolean;
}

/**
 * Keeps a manager's table in a file that is replaced whole, its forerunner beside it as `.bak`. A file that is broken, or that is
 * no table of this kind, is passed over for the backup, and the log says so. Where neither can be read, loading throws
 * ConfigFileBrokenError.
 */
export function configFileStorage(
  path: string,
  log: Logger,
  { disk = new NodeDisk(), isExpected = false }: ConfigFileStorageOptions = {},
): ConfigStorage {
  let check: (text: string) => void = () => undefined;
  const file = new ConfigFile<string>(path, {
    parse: (text) => {
      check(text);
      return text;
    },
    stringify: (text) => text,
    log,
    disk,
  });
  return {
    load: async (given) => {
      check = given;
      const { value, hasChecksum, source } = file.read();
      if (value === undefined && isExpected) log('warn', `${path} is missing, and so is its backup; it begins anew.`);
      if (value !== undefined && (!hasChecksum || source === 'backup')) await protect(value);
      return value;
    },
    save: (text) => file.write(text),
  };

  /** A table may not change for years: it gets its checksum, or its second good copy, now. */
  async function protect(text: string): Promise<void> {
    try {
      await file.write(text);
    } catch (error) {
      log('warn', `${path} could not be written anew.`, { error: String(error) });
    }
  }
}
