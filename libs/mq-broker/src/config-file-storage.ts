import type { ConfigStorage } from './config/index.js';
import { ConfigFile } from './store/index.js';

/**
 * Keeps a manager's table in a file that is replaced whole, its forerunner beside it as `.bak`. A file that holds no
 * JSON is passed over for the backup; where neither can be read, loading throws ConfigFileBrokenError.
 */
export function configFileStorage(path: string): ConfigStorage {
  const file = new ConfigFile<string>(path, {
    parse: (text) => {
      JSON.parse(text);
      return text;
    },
    stringify: (text) => text,
  });
  return {
    load: () => Promise.resolve(file.read().value),
    save: (text) => file.write(text),
  };
}
