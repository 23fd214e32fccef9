export { AppModule } from './app.module.js';
export { loadPayProviderConfig, type PayProviderConfig } from './pay-provider.config.js';
