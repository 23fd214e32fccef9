import { GetRouteInfoByTopic, messageOf, ResponseCode, topicRouteBody } from '@rocketshop/mq-protocol';
import type { TopicRouteData } from '@rocketshop/mq-protocol';
import { BrokerRefusedError, NoRouteError } from '../client-error.js';
import type { Logger } from '../logger.js';
import type { NameServers } from './name-servers.js';
import { MASTER_ID, parseTemplateRoute, parseTopicRoute } from './topic-route.js';
import type { BrokerAddresses, TopicRoute } from './topic-route.js';

/** The number of routes has a limit, so that a program that invents topic names does not fill the memory. */
export const ROUTES_MAX = 10_000;
/** Failed sends ask for the topic's route again, but not more often than this. */
const REFRESH_ON_FAILURE_MIN_MS = 500;

export interface TopicTemplate {
  /** The topic whose route and permissions a new topic gets, for example TBW102. */
  key: string;
  queuesMax: number;
}

/** The routes of all topics of this client instance. A known route is kept while no name server answers. */
export class RouteTable {
  private readonly routes = new Map<string, TopicRoute>();
  private readonly refreshing = new Map<string, Promise<TopicRoute | undefined>>();
  private readonly refreshedAt = new Map<string, number>();
  private readonly brokers = new Map<string, BrokerAddresses>();

  constructor(
    private readonly nameServers: NameServers,
    private readonly logger: Logger,
    private readonly onChange: (route: TopicRoute) => void,
  ) {}

  peek(topic: string): TopicRoute | undefined {
    return this.routes.get(topic);
  }

  /** Asks a name server, at most once at a time for each topic. Without a new route the old one stays. */
  refresh(topic: string, template?: TopicTemplate): Promise<TopicRoute | undefined> {
    const request = template === undefined ? topic : `${topic} ${template.key}`;
    let pending = this.refreshing.get(request);
    if (pending === undefined) {
      pending = this.fetch(topic, template).finally(() => this.refreshing.delete(request));
      this.refreshing.set(request, pending);
    }
    return pending;
  }

  /** Called when a send failed, because the broker may have another address now. It does not wait. */
  refreshSoon(topic: string): void {
    const now = performance.now();
    if (now - (this.refreshedAt.get(topic) ?? -Infinity) < REFRESH_ON_FAILURE_MIN_MS) return;
    this.refresh(topic).catch((error: unknown) => this.logger.debug(`route of ${topic}: ${messageOf(error)}`));
  }

  /** The known route; without one, the route that a name server answers. @throws NoRouteError, NoNameServerError */
  async require(topic: string, template?: TopicTemplate): Promise<TopicRoute> {
    const route = this.routes.get(topic) ?? (await this.refresh(topic, template));
    if (route === undefined) throw new NoRouteError(topic);
    return route;
  }

  /** The name server's answer; undefined when it does not know the topic. */
  async fetchData(topic: string): Promise<TopicRouteData | undefined> {
    const response = await this.nameServers.request(
      GetRouteInfoByTopic.createRequest({ topic, acceptStandardJsonOnly: true }),
    );
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined;
    if (response.code !== ResponseCode.SUCCESS) {
      throw new BrokerRefusedError(response.code, response.remark ?? '', 'name server', true);
    }
    return topicRouteBody.decode(response.body);
  }

  masterAddress(brokerName: string): string | undefined {
    return this.brokers.get(brokerName)?.get(MASTER_ID);
  }

  /**
   * The address of this broker id. Without one, or when it is silent, that of any other id, because a slave can serve pulls
   * too.
   */
  readAddress(
    brokerName: string,
    brokerId = MASTER_ID,
    isSilent: (address: string) => boolean = () => false,
  ): { address: string; brokerId: number } | undefined {
    const addresses = this.brokers.get(brokerName);
    const exact = addresses?.get(brokerId);
    if (exact !== undefined && !isSilent(exact)) return { address: exact, brokerId };
    const others = [...(addresses ?? [])].filter(([id]) => id !== brokerId);
    const other = others.find(([, address]) => !isSilent(address)) ?? (exact === undefined ? others[0] : undefined);
    if (other !== undefined) return { address: other[1], brokerId: other[0] };
    return exact === undefined ? undefined : { address: exact, brokerId };
  }

  brokerNames(): string[] {
    return [...this.brokers.keys()];
  }

  addresses(mastersOnly: boolean): string[] {
    const addresses = [...this.brokers.values()].flatMap((byId) =>
      mastersOnly ? (byId.get(MASTER_ID) ?? []) : Array.from(byId.values()),
    );
    return [...new Set(addresses)];
  }

  /** Forgets brokers that no route names any more, so that no heartbeat connects to them again. */
  dropUnroutedBrokers(): void {
    const routed = new Set([...this.routes.values()].flatMap((route) => Array.from(route.brokers.keys())));
    for (const name of this.brokers.keys()) {
      if (!routed.has(name)) this.brokers.delete(name);
    }
  }

  private async fetch(topic: string, template: TopicTemplate | undefined): Promise<TopicRoute | undefined> {
    this.refreshedAt.set(topic, performance.now());
    const data = await this.fetchData(topic);
    if (data !== undefined) return this.adopt(parseTopicRoute(topic, data));
    const known = this.routes.get(topic);
    if (known !== undefined || template === undefined) return known;
    const templateData = await this.fetchData(template.key);
    return templateData && this.adopt(parseTemplateRoute(topic, templateData, template.queuesMax));
  }

  private adopt(route: TopicRoute): TopicRoute {
    for (const [name, addresses] of route.brokers) this.brokers.set(name, addresses);
    const known = this.routes.get(route.topic);
    if (known?.fingerprint === route.fingerprint) return known;
    if (known === undefined && this.routes.size >= ROUTES_MAX) this.forgetOldest();
    this.routes.set(route.topic, route);
    this.logger.debug(`route of ${route.topic}: ${route.publishQueues.length} write queues`);
    this.onChange(route);
    return route;
  }

  private forgetOldest(): void {
    const oldest = this.routes.keys().next().value;
    if (oldest === undefined) return;
    this.routes.delete(oldest);
    this.refreshedAt.delete(oldest);
  }
}
