import type { ServiceDatabase } from '../servers/service-database.js';
import type { ServiceName } from './programs.js';

/* These secrets protect a demo or a test on one machine. They are no secrets anywhere else. */
const TOKEN_SECRET = 'demo-only-token-secret-change-me-please';
const CALLBACK_SECRET = 'demo-only-callback-secret-change-me';
const SERVICE_SECRETS = 'demo:demo-only-service-secret-change-me-please';
export const MERCHANT_KEY = 'demo-only-merchant-key-change-me';

/** No load balancer has to notice that a program stops. A story about that sets its own. */
const DRAIN_MS = '0';

export type Environment = Readonly<Record<string, string>>;

export interface ServiceEndpoints {
  readonly httpPort: number;
  readonly rpcPort: number;
  readonly internalPort: number;
  readonly database: ServiceDatabase;
  readonly namesrvAddr: string;
  readonly redisUrl: string | undefined;
  readonly payUrl: string;
  readonly providerUrl: string;
  /** The addresses at which a caller finds the RPC interface of a service: `host:port,host:port`. */
  readonly rpcAddresses: Readonly<Record<ServiceName, string>>;
}

/** The environment of one replica of any service: each service reads what it needs. */
export function serviceEnvironment(endpoints: ServiceEndpoints): Environment {
  const { rpcAddresses } = endpoints;
  return {
    HTTP_PORT: String(endpoints.httpPort),
    RPC_PORT: String(endpoints.rpcPort),
    INTERNAL_PORT: String(endpoints.internalPort),
    DRAIN_MS,
    DATABASE_URL: endpoints.database.url,
    MIGRATION_DATABASE_URL: endpoints.database.ownerUrl,
    NAMESRV_ADDR: endpoints.namesrvAddr,
    DEMO_DATA: 'true',
    TOKEN_SECRET,
    SERVICE_SECRETS,
    CALLBACK_SECRETS: CALLBACK_SECRET,
    MERCHANT_ID: 'rocketshop',
    MERCHANT_KEY,
    PROVIDER_URL: endpoints.providerUrl,
    CALLBACK_URL: `${endpoints.payUrl}/payments/callback`,
    ORDER_RPC: rpcAddresses.order,
    STOCK_RPC: rpcAddresses.stock,
    COUPON_RPC: rpcAddresses.coupon,
    USER_RPC: rpcAddresses.user,
    PAY_RPC: rpcAddresses.pay,
    ...(endpoints.redisUrl === undefined ? {} : { REDIS_URL: endpoints.redisUrl }),
  };
}

interface ProviderPorts {
  readonly http: number;
  readonly internal: number;
}

export const providerEnvironment = (ports: ProviderPorts, dataFile: string, payUrl: string): Environment => ({
  HTTP_PORT: String(ports.http),
  INTERNAL_PORT: String(ports.internal),
  DRAIN_MS,
  DATA_FILE: dataFile,
  DEMO_DATA: 'true',
  CALLBACK_SECRETS: CALLBACK_SECRET,
  MERCHANT_KEY,
  CALLBACK_ALLOW: new URL(payUrl).origin,
});
