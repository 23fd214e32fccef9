import type { DatabaseUrls } from '../invariants/shop-records.js';
import type { ProgramName, ServiceName } from './programs.js';
import type { ShopUrls } from './shop-client.js';
import type { Environment } from './shop-environment.js';
import type { PortName } from './shop-ports.js';

export interface ShopSystemOptions {
  /** Replicas of each service. @default 1 */
  readonly replicas?: number;
  /** TIME_SCALE of every program: it divides all delays. @default 60 */
  readonly timeScale?: number;
  /** @default SYNC_FLUSH */
  readonly flushDiskType?: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** The documented ports instead of free ones, so that people find the pages; some may be others. @default false */
  readonly wellKnownPorts?: boolean | Readonly<Partial<Record<PortName, number>>>;
  /** Gives the start up: `start` rejects with the reason of the signal when everything has ended. */
  readonly signal?: AbortSignal;
  /** Folder with the programs of another PostgreSQL. @default those of the npm package */
  readonly postgresBinDir?: string | undefined;
  /** @default true */
  readonly redis?: boolean;
  /** Name servers of a broker that runs already, for example Apache RocketMQ. The system then starts none of its own. */
  readonly namesrvAddr?: string;
  /** Services whose callers reach the RPC interface through a {@link FaultProxy}; see {@link ShopSystem.proxy}. */
  readonly proxied?: readonly ServiceName[];
  /** Everybody reaches everybody through a proxy; see {@link ShopSystem.gate}. Needs 127.0.0.2, as Linux has it. @default false */
  readonly gates?: boolean;
  /** Called with the owners' URLs of the empty databases before any service starts. `urls` are those that the services will have. */
  readonly prepare?: (databases: DatabaseUrls, urls: ShopUrls) => Promise<void>;
  /** More variables for one program. They win over the system's own. */
  readonly env?: Partial<Record<ProgramName, Environment>>;
  /** Flags of Node itself for one program, for example `--cpu-prof`. */
  readonly nodeArgs?: Readonly<Partial<Record<ProgramName, readonly string[]>>>;
  /** Folder in which every program gets a file with its whole output. @default none: only the last lines are kept, in memory */
  readonly logDir?: string;
  /** Called with {@link ShopSystem.folders} before anything is in them, so that they can be removed after this process was killed. */
  readonly onFolders?: (folders: readonly string[]) => void;
  /** Called when a part is up, to show progress. */
  readonly onProgress?: (what: string) => void;
}
